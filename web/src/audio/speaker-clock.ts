/**
 * Which moment of the context's time leaves the loudspeaker at a given moment of the page's time. The browser's own
 * stamps say it, a little unsteadily: they are followed slowly, so that the face doesn't tremble with them.
 */

const FOLLOW = 0.05; // of the difference to a new stamp, each time one is read
const JUMP = 0.1; // s of difference from which the device has changed: no following, a new beginning
const STAMP_EVERY = 15; // ms between two looks at the stamps

export interface StampedContext {
  readonly currentTime: number;
  readonly outputLatency?: number;
  readonly baseLatency?: number;
  getOutputTimestamp?(): AudioTimestamp;
}

export class SpeakerClock {
  private offset: number | null = null; // s: context time less page time
  private looked = -Infinity;

  constructor(
    private readonly context: StampedContext,
    private readonly now: () => number,
  ) {}

  /** Context time in s at the loudspeaker at page time `at`, ms (performance.now()). */
  contextTime(at: number): number {
    return at / 1000 + this.read();
  }

  /** Page time in ms at which context time `time`, s, leaves the loudspeaker. */
  pageTime(time: number): number {
    return 1000 * (time - this.read());
  }

  private read(): number {
    const now = this.now();
    if (this.offset !== null && now - this.looked < STAMP_EVERY) return this.offset;
    this.looked = now;
    const stamped = this.stamp(now);
    if (this.offset === null || Math.abs(stamped - this.offset) > JUMP) this.offset = stamped;
    else this.offset += FOLLOW * (stamped - this.offset);
    return this.offset;
  }

  private stamp(now: number): number {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp?.() ?? {};
    if (
      contextTime !== undefined &&
      performanceTime !== undefined &&
      performanceTime > 0 &&
      contextTime > 0
    ) {
      return contextTime - performanceTime / 1000;
    }
    const latency = this.context.outputLatency ?? this.context.baseLatency ?? 0;
    return this.context.currentTime - latency - now / 1000;
  }
}
