import { CHANNELS, HEAD, SHAPES } from "./shapes.ts";

/** How lively the face is: `intensity` 0 (still) to 1.5, 1 as the agent meant it; `calm` keeps lips and lids only. */
export interface Liveliness {
  readonly intensity: number;
  readonly calm: boolean;
}

/** Below this the lips go down to nothing; above, at least `LIPS` of them stays. */
const QUIET = 0.2;
const LIPS = 0.6;
/** What is left of the head's movement when calm. */
const CALM_HEAD = 0.25;

type Part = "lips" | "blink" | "gaze" | "expression";

const PARTS: readonly Part[] = SHAPES.map((name) => {
  if (name.startsWith("eyeBlink")) return "blink";
  if (name.startsWith("eyeLook")) return "gaze";
  if (/^mouth(Smile|Frown|Dimple)/.test(name)) return "expression";
  return /^(mouth|jaw|tongue)/.test(name) ? "lips" : "expression";
});

/** What a motion's 61 numbers are multiplied with, into `into`. */
export function gains({ intensity, calm }: Liveliness, into: Float32Array): void {
  const lips = intensity < QUIET ? (LIPS * intensity) / QUIET : Math.max(LIPS, intensity);
  const gaze = calm ? 0 : intensity;
  for (let i = 0; i < HEAD; i++) {
    const part = PARTS[i];
    into[i] =
      part === "lips" ? lips : part === "gaze" ? gaze : part === "blink" ? Math.sign(intensity) : intensity;
  }
  into.fill(calm ? CALM_HEAD * intensity : intensity, HEAD, HEAD + 3);
  into.fill(gaze, HEAD + 3, CHANNELS);
}

/** ms in which a turn of the dial takes effect, by about two thirds. */
const EASE = 180;

/** Applies the dial to motion; a change of it eases in, so that nothing jumps. Allocates nothing once made. */
export class Dial {
  private readonly wanted = new Float32Array(CHANNELS);
  private readonly now = new Float32Array(CHANNELS);

  constructor(liveliness: Liveliness) {
    gains(liveliness, this.wanted);
    this.now.set(this.wanted);
  }

  set(liveliness: Liveliness): void {
    gains(liveliness, this.wanted);
  }

  /** Scale `motion` in place, `elapsed` ms after the last time. */
  apply(motion: Float32Array, elapsed: number): void {
    const share = 1 - Math.exp(-elapsed / EASE);
    for (let i = 0; i < CHANNELS; i++) {
      const wanted = this.wanted[i] ?? 0;
      let gain = this.now[i] ?? 0;
      gain += share * (wanted - gain);
      if (Math.abs(wanted - gain) < 1e-3) gain = wanted;
      this.now[i] = gain;
      const value = gain * (motion[i] ?? 0);
      motion[i] = i < HEAD ? Math.min(Math.max(value, 0), 1) : value;
    }
  }
}
