/** How good the line is, from what comes over it: round trip, spread of arrivals, what came too late. */

import { FRAME_MS, FRAME_RATE } from "../protocol/media.ts";
import { NO_USER_FRAME } from "../protocol/messages.ts";
import type { Quality } from "./contract.ts";

const WINDOW = 5 * FRAME_RATE; // frames looked back on
const REMEMBERED = 512; // own frames of which the sending time is known; 20 s
const SMOOTHING = 0.1; // of the round trip
const GOOD = { roundTrip: 300, jitter: 30, late: 0.01 }; // up to here
const FAIR = { roundTrip: 700, jitter: 120, late: 0.05 };

export class QualityMeter {
  private readonly sentAt = new Float64Array(REMEMBERED).fill(NaN);
  private readonly lateness = new Float64Array(WINDOW);
  private readonly missed = new Uint8Array(WINDOW);
  private count = 0;
  private trip: number | null = null;
  private lastUserPts = NO_USER_FRAME;

  reset(): void {
    this.sentAt.fill(NaN);
    this.missed.fill(0);
    this.count = 0;
    this.trip = null;
    this.lastUserPts = NO_USER_FRAME;
  }

  /** The own frame `pts` went out at `now`, ms. */
  sent(pts: number, now: number): void {
    this.sentAt[pts % REMEMBERED] = now;
  }

  /** The frame `pts` came at `now`, ms, answering `userPts`; `late`: it should have sounded before. */
  received(pts: number, userPts: number, now: number, late: boolean): void {
    this.lateness[this.count % WINDOW] = now - pts * FRAME_MS;
    this.missed[this.count % WINDOW] = late ? 1 : 0;
    this.count += 1;
    if (userPts > this.lastUserPts) {
      this.lastUserPts = userPts;
      const trip = now - (this.sentAt[userPts % REMEMBERED] ?? NaN);
      if (Number.isFinite(trip) && trip >= 0) {
        this.trip = this.trip === null ? trip : this.trip + SMOOTHING * (trip - this.trip);
      }
    }
  }

  /** The present state; `buffer` is how long sound is held back, ms. */
  read(buffer: number): Quality {
    const known = Math.min(this.count, WINDOW);
    if (known === 0) return { level: "unknown", roundTrip: null, jitter: 0, buffer: 0, late: 0 };
    const late = this.missed.reduce((sum, value) => sum + value, 0) / known;
    const arrivals = this.lateness.slice(0, known).sort();
    const jitter = quantile(arrivals, 0.95) - quantile(arrivals, 0.05);
    const measured = { roundTrip: this.trip ?? 0, jitter, late };
    const level = within(measured, GOOD) ? "good" : within(measured, FAIR) ? "fair" : "poor";
    return { level, roundTrip: this.trip, jitter, buffer, late };
  }
}

function within(measured: typeof GOOD, limit: typeof GOOD): boolean {
  return (
    measured.roundTrip <= limit.roundTrip && measured.jitter <= limit.jitter && measured.late <= limit.late
  );
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}
