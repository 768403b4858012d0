/** Tells the server what has left the loudspeaker: at most one message every 40 ms, the newest frame of each generation. */

import { FRAME_MS } from "../protocol/media.ts";
import type { Played } from "../protocol/messages.ts";

const MOST_GENERATIONS = 8; // waiting to be told; older ones are given up

export class Acknowledgement {
  private waiting = new Map<number, number>(); // generation: pts
  private lastTold = -Infinity; // ms

  /** `send` says whether the message went out. */
  constructor(private readonly send: (message: Played) => boolean) {}

  reset(): void {
    this.waiting.clear();
  }

  /** Frames that have been heard, oldest first, by `now`, ms. */
  heard(frames: readonly { pts: number; generation: number }[], now: number): void {
    for (const { pts, generation } of frames) this.waiting.set(generation, pts);
    while (this.waiting.size > MOST_GENERATIONS) this.waiting.delete(Math.min(...this.waiting.keys()));
    if (this.waiting.size === 0 || now - this.lastTold < FRAME_MS - 1) return;
    const generation = Math.min(...this.waiting.keys());
    const pts = this.waiting.get(generation) ?? 0;
    if (this.send({ kind: "played", pts, generation })) {
      this.waiting.delete(generation);
      this.lastTold = now;
    }
  }
}
