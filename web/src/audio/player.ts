/** What plays the agent's sound and knows where it is: a sound card, or the page's clock where there is none. */

import type { Place } from "./playhead.ts";
import type { Report, SoundFrame } from "./reports.ts";

/** A frame that has been, or is about to be, at the loudspeaker; times are ms of the page. */
export interface Sounded {
  readonly pts: number;
  readonly generation: number;
}

export interface Player {
  play(frame: SoundFrame): void;
  /** Forget everything: a new stream begins. */
  reset(): void;
  /** Where the loudspeaker is at page time `now`, ms; null before the first frame. */
  place(now: number): Place | null;
  /** Frames heard to their end since this was last asked. */
  heard(now: number): readonly Sounded[];
  /** Page time, ms, at which a report's sample leaves the loudspeaker, and its context time, s. */
  moment(sample: number): { readonly page: number; readonly context: number };
  /** Called with each report of the playout. */
  onReport: (report: Report) => void;
}
