import type { TalkMode } from "../conversation/contract.ts";

export type Theme = "auto" | "dark" | "light";

/** What a person chose, kept in this browser. */
export interface Preferences {
  readonly persona: string | null;
  /** null: the persona's own. */
  readonly voice: string | null;
  /** How to talk: with a microphone or in writing. */
  readonly speaks: boolean;
  /** Device; "" is the standard one. */
  readonly microphone: string;
  readonly loudspeaker: string;
  readonly talkMode: TalkMode;
  /** 0..1. */
  readonly volume: number;
  /** 0..1.5. */
  readonly intensity: number;
  /** null: as the system says. */
  readonly calm: boolean | null;
  readonly theme: Theme;
  readonly captions: boolean;
  readonly shortcuts: boolean;
}

export const DEFAULTS: Preferences = {
  persona: null,
  voice: null,
  speaks: true,
  microphone: "",
  loudspeaker: "",
  talkMode: "open",
  volume: 1,
  intensity: 1,
  calm: null,
  theme: "auto",
  captions: true,
  shortcuts: true,
};

export const LIVELIEST = 1.5;
const KEY = "visavis.preferences";

const text = (value: unknown): value is string => typeof value === "string" && value.length <= 500;
const flag = (value: unknown): value is boolean => typeof value === "boolean";
const within =
  (most: number) =>
  (value: unknown): value is number =>
    typeof value === "number" && value >= 0 && value <= most;

const VALID: { readonly [K in keyof Preferences]: (value: unknown) => boolean } = {
  persona: (value) => value === null || text(value),
  voice: (value) => value === null || text(value),
  speaks: flag,
  microphone: text,
  loudspeaker: text,
  talkMode: (value) => value === "open" || value === "push",
  volume: within(1),
  intensity: within(LIVELIEST),
  calm: (value) => value === null || flag(value),
  theme: (value) => value === "auto" || value === "dark" || value === "light",
  captions: flag,
  shortcuts: flag,
};

/** What was kept, entry by entry; what isn't valid falls back to its default. */
export function parse(kept: string | null): Preferences {
  let found: unknown;
  try {
    found = JSON.parse(kept ?? "{}");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    found = {}; // written by something else: begin anew
  }
  const entries = typeof found === "object" && found !== null ? Object.entries(found) : [];
  const valid = entries.filter(
    ([name, value]) => Object.hasOwn(VALID, name) && VALID[name as keyof Preferences](value),
  );
  return { ...DEFAULTS, ...(Object.fromEntries(valid) as Partial<Preferences>) };
}

/** Preferences with whoever wants to know of changes. */
export class PreferenceStore {
  private now: Preferences;
  private readonly listeners = new Set<(now: Preferences, before: Preferences) => void>();

  /** `storage` is null where the browser forbids it: then choices last as long as the page. */
  constructor(private readonly storage: Storage | null) {
    this.now = parse(storage?.getItem(KEY) ?? null);
  }

  get value(): Preferences {
    return this.now;
  }

  set(change: Partial<Preferences>): void {
    const before = this.now;
    this.now = { ...before, ...change };
    try {
      this.storage?.setItem(KEY, JSON.stringify(this.now));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // full: it lasts as long as the page
    }
    for (const listener of this.listeners) listener(this.now, before);
  }

  subscribe(listener: (now: Preferences, before: Preferences) => void): void {
    this.listeners.add(listener);
  }
}

/** The browser's storage, or null where even looking at it is forbidden. */
export function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
