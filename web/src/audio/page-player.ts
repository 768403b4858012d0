/** Plays to nobody, by the page's clock: for a browser that doesn't let sound out yet, or has none. */

import { Playout } from "./playout.ts";
import { Playhead, type Place } from "./playhead.ts";
import type { Player, Sounded } from "./player.ts";
import type { Report, SoundFrame } from "./reports.ts";

const RATE = 24_000; // samples a second of this player's time
const BLOCK = 480;
const LONGEST_STEP = 2 * RATE; // samples caught up with at once; the rest of a long sleep is left out

export class PagePlayer implements Player {
  onReport: (report: Report) => void = () => undefined;
  private readonly block = new Float32Array(BLOCK);
  private readonly playhead = new Playhead();
  private readonly playout = new Playout(RATE, (report) => {
    this.playhead.note(report);
    this.onReport(report);
  });
  private rendered: number; // samples

  /** `now` gives the page's time, ms. */
  constructor(private readonly now: () => number) {
    this.rendered = this.sample(now());
  }

  play(frame: SoundFrame): void {
    this.catchUp();
    this.playout.push(frame, this.rendered);
  }

  reset(): void {
    this.playout.reset();
    this.playhead.reset();
  }

  place(now: number): Place | null {
    this.catchUp();
    return this.playhead.at(this.sample(now));
  }

  heard(now: number): readonly Sounded[] {
    this.catchUp();
    return this.playhead.finished(this.sample(now));
  }

  moment(sample: number): { page: number; context: number } {
    return { page: (1000 * sample) / RATE, context: sample / RATE };
  }

  private catchUp(): void {
    const target = this.sample(this.now());
    if (target - this.rendered > LONGEST_STEP) this.rendered = target - LONGEST_STEP;
    while (this.rendered < target) {
      this.playout.render(this.block, this.rendered);
      this.rendered += BLOCK;
    }
  }

  private sample(ms: number): number {
    return Math.round((ms * RATE) / 1000);
  }
}
