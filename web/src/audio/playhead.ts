/** Where on the session's timeline the loudspeaker is: from what the playout reports to a pts and a fraction. */

import type { Report } from "./reports.ts";

const KEPT = 64; // reports, 2.5 s
const AHEAD = 3; // frames by which a busy page may read its reports late before time is thought to stand still

type Frame = Extract<Report, { kind: "frame" }>;

/** `position` is pts plus the fraction of its frame that has passed; `live`: time goes on. */
export interface Place {
  readonly position: number;
  readonly live: boolean;
  readonly generation: number;
}

export class Playhead {
  private frames: Frame[] = [];
  private dryFrom: number | null = null;
  private silentFrom: { sample: number; generation: number } | null = null;
  private finishedTo = -1; // sample up to which `finished` has told

  note(report: Report): void {
    switch (report.kind) {
      case "frame":
        this.frames.push(report);
        if (this.frames.length > KEPT) this.frames.shift();
        this.dryFrom = null;
        break;
      case "dry":
        this.dryFrom = report.sample;
        break;
      case "flushed":
        this.silentFrom = report;
        break;
      case "dropped":
        break;
    }
  }

  /** A new stream begins. */
  reset(): void {
    this.frames = [];
    this.dryFrom = null;
    this.silentFrom = null;
    this.finishedTo = -1;
  }

  /** What is at the loudspeaker at context sample `sample`; null before the first frame. */
  at(sample: number): Place | null {
    const index = this.frames.findLastIndex((frame) => frame.sample <= sample);
    const frame = this.frames[index];
    if (frame === undefined) return null;
    const passed = (sample - frame.sample) / frame.length;
    const { pts, generation } = frame;
    if (passed <= 1) return { position: pts + passed, live: true, generation };
    const dry = index < this.frames.length - 1 || (this.dryFrom !== null && this.dryFrom <= sample);
    if (dry) return { position: pts + 1, live: false, generation };
    return { position: pts + Math.min(passed, 1 + AHEAD), live: passed <= 1 + AHEAD, generation };
  }

  /** The frames that have been heard to their end by `sample` since this was last asked, oldest first. */
  finished(sample: number): Frame[] {
    const from = this.finishedTo;
    this.finishedTo = Math.max(from, sample);
    return this.frames.filter((frame) => {
      const end = frame.sample + frame.length;
      return end > from && end <= sample && !frame.cut && !this.wasSilenced(frame, end);
    });
  }

  private wasSilenced(frame: Frame, end: number): boolean {
    const silent = this.silentFrom;
    return silent !== null && frame.generation < silent.generation && end > silent.sample;
  }
}
