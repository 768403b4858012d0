/** What the page measures of itself, always on: docs/page-instruments.md says what each number means. */

import type { Source } from "../motion/face.ts";
import { Ring } from "./ring.ts";

const MINUTES = 25;
const DRAWN_A_MINUTE = 60 * 60;
const SOUNDED_A_MINUTE = 60 * 25;
const MARKS = 4096;
const LOUD = 0.02; // level of a frame of the microphone from which it counts as sound
const QUIET = 400; // ms without such a frame before the next one is a new onset

const SOURCES: readonly Source[] = ["motion", "idle", "blend"];

export type Mark = "loud" | "flush" | "silent" | "dry" | "connected" | "lost";

export interface Counts {
  framesReceived: number;
  framesLate: number;
  framesDropped: number;
  underruns: number;
  flushes: number;
  reconnects: number;
  drawn: number;
}

/** Plain JSON of everything; times are ms of the page (performance.now()). */
export interface Snapshot {
  readonly now: number;
  readonly counts: Counts;
  /** Rows: time, position (pts and fraction at the loudspeaker, -1 for none), jawOpen, source, main-thread ms, and the
   * greatest change of any of the 61 numbers since the drawing before. */
  readonly drawn: {
    time: number;
    position: number;
    jawOpen: number;
    source: Source;
    cost: number | null;
    moved: number;
  }[];
  /** Rows: pts, context time in s, time at the loudspeaker, root mean square of the frame 0..1, wait in the buffer ms. */
  readonly sounded: { pts: number; context: number; time: number; rms: number; wait: number }[];
  readonly marks: { kind: Mark; time: number }[];
}

export class Instruments {
  readonly counts: Counts = {
    framesReceived: 0,
    framesLate: 0,
    framesDropped: 0,
    underruns: 0,
    flushes: 0,
    reconnects: 0,
    drawn: 0,
  };
  private readonly drawnRows = new Ring(6, MINUTES * DRAWN_A_MINUTE);
  private readonly soundedRows = new Ring(5, MINUTES * SOUNDED_A_MINUTE);
  private marks: { kind: Mark; time: number }[] = [];
  private loudAt = -Infinity; // ms

  drawn(time: number, position: number, jawOpen: number, source: Source, moved: number): void {
    this.counts.drawn += 1;
    this.drawnRows.push(time, position, jawOpen, SOURCES.indexOf(source), NaN, moved);
  }

  /** What the newest drawing cost the main thread, ms. */
  cost(ms: number): void {
    this.drawnRows.amend(4, ms);
  }

  sounded(pts: number, context: number, time: number, rms: number, wait: number): void {
    this.soundedRows.push(pts, context, time, rms, wait);
  }

  /** A frame of the microphone with this level, 0..1, has gone out: marks onsets. */
  spoken(level: number, time: number): void {
    if (level < LOUD) return;
    if (time - this.loudAt > QUIET) this.mark("loud", time);
    this.loudAt = time;
  }

  mark(kind: Mark, time: number): void {
    this.marks.push({ kind, time });
    if (this.marks.length > MARKS) this.marks.shift();
  }

  /** Everything, or what is newer than `since`, ms. */
  snapshot(since = -Infinity): Snapshot {
    return {
      now: performance.now(),
      counts: { ...this.counts },
      drawn: this.drawnRows
        .rows()
        .filter(([time = 0]) => time >= since)
        .map(([time = 0, position = 0, jawOpen = 0, source = 0, cost = NaN, moved = 0]) => ({
          time,
          position,
          jawOpen,
          source: SOURCES[source] ?? "idle",
          cost: Number.isNaN(cost) ? null : cost,
          moved,
        })),
      sounded: this.soundedRows
        .rows()
        .filter(([, , time = 0]) => time >= since)
        .map(([pts = 0, context = 0, time = 0, rms = 0, wait = 0]) => ({ pts, context, time, rms, wait })),
      marks: this.marks.filter(({ time }) => time >= since),
    };
  }
}

/** The page's one set. */
export const instruments = new Instruments();

/** For what draws the face: what this drawing cost the main thread, ms. */
export function noteFrameCost(ms: number): void {
  instruments.cost(ms);
}
