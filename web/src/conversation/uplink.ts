/**
 * What the server hears: the microphone's frames, or silence while it is muted, not pressed, or not there. The server
 * is given a frame every 40 ms whatever happens, so that it never thinks that the line is idle.
 */

import { FRAME_MS, USER_FRAME_SAMPLES } from "../protocol/media.ts";
import type { Timers } from "./timers.ts";

const MISSING = 160; // ms without a frame of the microphone after which silence stands in
const MOST_AT_ONCE = 25; // frames of silence made up for after a pause of the page's timers

export class Uplink {
  private readonly silence = new Int16Array(USER_FRAME_SAMPLES);
  private sent = 0; // frames since `origin`
  private origin = 0; // ms at which the first of them was due
  private lastReal = -Infinity; // ms
  private stopTimer: (() => void) | null = null;
  private pts = 0;

  /** `send` gets each frame and its number, counted from 0 for each line; `hears` says whether sound may pass. */
  constructor(
    private readonly timers: Timers,
    private readonly hears: () => boolean,
    private readonly send: (pts: number, pcm: Int16Array) => void,
  ) {}

  /** A new line: numbers from 0. */
  start(): void {
    this.stop();
    this.pts = 0;
    this.sent = 0;
    this.origin = this.timers.now();
    this.tick();
  }

  stop(): void {
    this.stopTimer?.();
    this.stopTimer = null;
  }

  /** A frame of the microphone, (640,) at 16 kHz. */
  frame(pcm: Int16Array): void {
    if (this.stopTimer === null) return;
    const now = this.timers.now();
    this.lastReal = now;
    this.emit(this.hears() ? pcm : this.silence);
    this.origin = now - this.sent * FRAME_MS; // the microphone's pace is the pace
  }

  private tick(): void {
    const now = this.timers.now();
    if (now - this.lastReal > MISSING) {
      const due = Math.floor((now - this.origin) / FRAME_MS) + 1;
      if (due - this.sent > MOST_AT_ONCE) this.origin = now - (this.sent + MOST_AT_ONCE) * FRAME_MS;
      const count = Math.min(due - this.sent, MOST_AT_ONCE);
      for (let i = 0; i < count; i += 1) this.emit(this.silence);
    }
    this.stopTimer = this.timers.after(FRAME_MS, () => {
      this.tick();
    });
  }

  private emit(pcm: Int16Array): void {
    this.send(this.pts, pcm);
    this.pts += 1;
    this.sent += 1;
  }
}
