/** The motion of the frames that came, by pts; read at any moment between them. */

import { MOTION_SIZE } from "../protocol/media.ts";
import { SHAPES } from "./columns.ts";

const KEPT = 256; // frames, 10 s

/**
 * Where in its 40 ms of sound a frame's motion is shown exactly: nearly at the beginning. The animator reads a frame's
 * sound in windows whose middle lies 16 ms into it, and its smoothing delays the jaw by 19 ms. Measured over 109
 * recordings of a person, the jaw follows the loudness best when placed 5 ms after the frame's beginning (5th to 95th
 * percentile -3 to 10 ms): `python -m benchmarks.motion_placement`.
 */
export const MOTION_AT = 0.125; // frames: 5 ms

export class MotionTimeline {
  private readonly motions = Array.from({ length: KEPT }, () => new Float32Array(MOTION_SIZE));
  private readonly numbers = new Float64Array(KEPT).fill(-1);

  /** Keep the motion (61,) of frame `pts`; it is copied. */
  put(pts: number, motion: Float32Array): void {
    this.motions[pts % KEPT]?.set(motion);
    this.numbers[pts % KEPT] = pts;
  }

  clear(): void {
    this.numbers.fill(-1);
  }

  has(pts: number): boolean {
    return this.get(pts) !== undefined;
  }

  /**
   * Write the motion at `position`, a pts and the fraction of its frame that has passed, into `into` (61,): shapes
   * along straight lines, rotations along curves through their neighbours. False, and nothing written, if the frame
   * and the next aren't there; where one of them is missing, the other one stands.
   */
  read(position: number, into: Float32Array): boolean {
    const place = position - MOTION_AT;
    const pts = Math.floor(place);
    const next = this.get(pts + 1);
    const from = this.get(pts) ?? next;
    if (from === undefined) return false;
    const to = next ?? from;
    const share = place - pts;
    for (let i = 0; i < SHAPES; i += 1) into[i] = line(from[i] ?? 0, to[i] ?? 0, share);
    const before = this.get(pts - 1);
    const after = this.get(pts + 2);
    for (let i = SHAPES; i < MOTION_SIZE; i += 1) {
      const a = from[i] ?? 0;
      const b = to[i] ?? 0;
      into[i] = curve(before?.[i] ?? 2 * a - b, a, b, after?.[i] ?? 2 * b - a, share);
    }
    return true;
  }

  private get(pts: number): Float32Array | undefined {
    return pts >= 0 && this.numbers[pts % KEPT] === pts ? this.motions[pts % KEPT] : undefined;
  }
}

function line(from: number, to: number, share: number): number {
  return Math.min(1, Math.max(0, from + share * (to - from)));
}

/** Catmull-Rom through four neighbours, `share` of the way from the second to the third. */
function curve(before: number, from: number, to: number, after: number, share: number): number {
  const linear = to - before;
  const square = 2 * before - 5 * from + 4 * to - after;
  const cube = 3 * (from - to) + after - before;
  return from + 0.5 * share * (linear + share * (square + share * cube));
}
