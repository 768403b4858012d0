import type { Conversation, Options, View } from "../conversation/contract.ts";
import type { Head } from "../stage/head.ts";
import { fetchHead, readHead } from "../stage/load.ts";
import { Stage } from "../stage/stage.ts";
import type { Banner } from "./banner.ts";
import { element, say } from "./dom.ts";
import type { PreferenceStore } from "./preferences.ts";
import { chosenPersona } from "./start-panel.ts";
import { words } from "./words.ts";

/** The face's place on the page: which head is on the stage, and what of the stage is free for it. */
export class Scene {
  readonly root: HTMLElement;
  /** An empty part of the page's grid: the face is framed into it. */
  readonly free = element("div", { class: "free", "aria-hidden": "true" });
  readonly stage: Stage | null;
  /** Whether a head of the person's own is shown, told when it changes. */
  onOwn: (own: boolean) => void = () => undefined;
  private readonly canvas = element("canvas", { role: "img", "aria-label": words.title });
  private readonly note = element("p", { class: "stage-note" });
  private options: Options | null = null;
  private url: string | null = null;
  private own = false;

  constructor(
    conversation: Conversation,
    private readonly preferences: PreferenceStore,
    private readonly trouble: Banner,
  ) {
    this.root = element(
      "section",
      { class: "stage", "aria-label": words.stage.region },
      this.canvas,
      this.note,
    );
    this.stage = this.begin(conversation);
    preferences.subscribe((now, before) => {
      if (now.intensity !== before.intensity || now.calm !== before.calm) this.refresh();
      if (now.persona !== before.persona) this.choose(conversation.view);
    });
    matchMedia(CALM).addEventListener("change", () => {
      this.refresh();
    });
    this.watchFree();
  }

  /** Whether motion is reduced, by choice or by the system's setting. */
  get calm(): boolean {
    return this.preferences.value.calm ?? matchMedia(CALM).matches;
  }

  offer(options: Options, view: View): void {
    this.options = options;
    this.choose(view);
  }

  update(view: View): void {
    const label = words.stage.label(view.persona);
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    this.choose(view);
  }

  read(bytes: ArrayBuffer): Promise<Head> {
    return readHead(bytes, this.stage?.drawing.software ?? true);
  }

  showOwn(head: Head): void {
    this.own = true;
    this.stage?.show(head);
    this.onOwn(true);
  }

  /** Back to the persona's head. */
  reset(view: View): void {
    this.own = false;
    this.url = null;
    this.onOwn(false);
    this.choose(view);
  }

  private begin(conversation: Conversation): Stage | null {
    try {
      return new Stage(
        this.canvas,
        (now, into) => {
          conversation.face(now, into);
        },
        this.liveliness(),
      );
    } catch (error) {
      console.warn("no WebGL", error);
      this.canvas.hidden = true;
      this.root.classList.add("empty");
      say(this.note, words.stage.noWebGl);
      return null;
    }
  }

  private choose(view: View): void {
    if (this.own || !this.stage) return;
    const talking = view.phase === "open" || view.phase === "reconnecting";
    const whole = talking && view.head !== null ? view.head : (this.chosen() ?? view.head);
    if (whole === null) return;
    const url = this.stage.drawing.software ? lightOf(whole, this.options) : whole;
    if (url === this.url) return;
    this.url = url;
    void this.fetch(url, this.stage);
  }

  private chosen(): string | null {
    const { options } = this;
    if (!options) return null;
    const name = chosenPersona(options, this.preferences.value.persona);
    const head = options.personas.find((persona) => persona.name === name)?.head;
    return head === undefined ? null : (options.heads[head] ?? null);
  }

  private async fetch(url: string, stage: Stage): Promise<void> {
    say(this.note, words.stage.loading);
    try {
      const head = await fetchHead(url, stage.drawing.software);
      if (this.own || url !== this.url) {
        head.dispose(); // another one was chosen meanwhile
        return;
      }
      stage.show(head);
      this.root.classList.add("shown");
    } catch (error) {
      console.warn("head", error);
      this.trouble.show(
        words.drop.headFailed,
        error instanceof Error ? error.message : String(error),
        [
          {
            label: words.problem.again,
            run: () => {
              this.trouble.hide();
              void this.fetch(url, stage);
            },
          },
        ],
        () => {
          this.trouble.hide();
        },
      );
    } finally {
      if (url === this.url) say(this.note, "");
    }
  }

  private liveliness(): { intensity: number; calm: boolean } {
    return { intensity: this.preferences.value.intensity, calm: this.calm };
  }

  private refresh(): void {
    this.stage?.setLiveliness(this.liveliness());
  }

  private watchFree(): void {
    const measure = (): void => {
      const whole = this.root.getBoundingClientRect();
      const free = this.free.getBoundingClientRect();
      this.stage?.setInsets({
        top: free.top - whole.top,
        left: free.left - whole.left,
        right: whole.right - free.right,
        bottom: whole.bottom - free.bottom,
      });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(this.free);
    observer.observe(this.root);
  }
}

/** The address of the same head for drawing without a graphics card, if the server has it. */
export function lightOf(url: string, options: Options | null): string {
  const name = Object.entries(options?.heads ?? {}).find(([, address]) => address === url)?.[0];
  return (name === undefined ? undefined : options?.lightHeads[name]) ?? url;
}

const CALM = "(prefers-reduced-motion: reduce)";
