/**
 * The jitter buffer between the network and the sound card. Frames are played in order at the context's rate; what
 * arrives unevenly is evened out by waiting, as long as the worst lateness of the last half minute asks for. The wait
 * is set right in silence alone, by making silent frames longer or shorter, so that speech is never touched; so are
 * two clocks that run at different speeds.
 */

import { AGENT_FRAME_SAMPLES, AGENT_SAMPLE_RATE, FRAME_SECONDS, PCM16_PEAK } from "../protocol/media.ts";
import { Lateness } from "./lateness.ts";
import type { Report, SoundFrame } from "./reports.ts";
import { Resampler } from "./resampler.ts";

export const START_WAIT = 0.07; // s that the first frame waits
const RESUME_WAIT = 0.02; // s that a frame waits which came after the buffer had run dry
const SAFETY = 0.03; // s between the latest arrival and its sound that is aimed at
const TOLERANCE = 0.012; // s off the aim that are left alone
export const LONGEST_WAIT = 0.4; // s, for the earliest arrival: beyond that rare delays are heard as gaps
const MOST_STRETCH = 0.25; // of a silent frame's length, each way
const FAR_OFF = 0.12; // s off the aim from which silent frames are halved
const MOST_FRAMES = 50; // waiting; 2 s
const SILENT = 33; // PCM16: -60 dB, below which a frame may change its length
const FADE_OUT = 0.008; // s in which a cancelled utterance falls silent
const DECLICK = 0.004; // s at the edges of a gap

interface Waiting {
  frame: SoundFrame;
  cut: boolean;
}

/** Plays one stream; times are samples of the context's clock. */
export class Playout {
  private readonly resampler: Resampler;
  private readonly input = new Float32Array(AGENT_FRAME_SAMPLES);
  private readonly sound: Float32Array; // the present frame's, as long as it lasts
  private readonly frameSamples: number;
  private readonly delay: number; // samples by which the resampler's outputs follow the frame's beginning
  private readonly lateness = new Lateness();
  private queue: Waiting[] = [];
  private arrivals = new Map<number, number>(); // pts: sample
  private length = 0; // of the present frame
  private index = 0; // into it
  private present: { pts: number; generation: number } | null = null;
  private flushedBelow = 0; // generations below this one are silent
  private notBefore: number | null = null; // sample at which playing (re)starts
  private last = 0; // the last sample that sounded, which a gap lets die away
  private rise = 0; // samples of fading in that are left
  private fall = 0; // samples of fading out that are left
  private fallLength = 1; // of fading out in all
  private begun = false; // something has been played
  underruns = 0;

  constructor(
    private readonly rate: number,
    private readonly report: (report: Report) => void,
  ) {
    this.resampler = new Resampler(AGENT_SAMPLE_RATE, rate);
    this.frameSamples = Math.round(rate * FRAME_SECONDS);
    this.delay = Math.round((this.resampler.reach * rate) / AGENT_SAMPLE_RATE);
    const longest = Math.ceil(this.frameSamples * (1 + MOST_STRETCH));
    this.resampler.push(new Float32Array(this.resampler.reach), new Float32Array(1)); // the same delay from the first on
    this.sound = new Float32Array(Math.max(longest, this.resampler.room(AGENT_FRAME_SAMPLES)));
  }

  /** Take a frame that arrived at context sample `now`. */
  push(frame: SoundFrame, now: number): void {
    if (frame.flush) this.flush(frame.generation, now);
    this.lateness.note(Math.floor(now / this.rate), now - frame.pts * this.frameSamples);
    this.arrivals.set(frame.pts, now);
    this.queue.push({ frame, cut: frame.generation < this.flushedBelow });
    if (this.queue.length > MOST_FRAMES) this.dropOldest();
    // Nothing sounds and nothing is about to: this frame sets a new beginning.
    this.notBefore ??=
      this.present === null ? now + this.samples(this.begun ? RESUME_WAIT : START_WAIT) : null;
  }

  /** Forget everything: a new stream begins, with pts from 0. */
  reset(): void {
    this.queue = [];
    this.arrivals.clear();
    this.lateness.clear();
    this.fadeOut();
    this.length = this.index + this.fall;
    this.resampler.forget();
    this.present = null;
    this.begun = false;
    this.flushedBelow = 0;
    this.notBefore = null;
  }

  /** Fill `output`, whose first value leaves at context sample `at`. */
  render(output: Float32Array, at: number): void {
    for (let n = 0; n < output.length; n += 1) {
      if (this.index >= this.length) this.advance(at + n);
      output[n] = this.index < this.length ? this.next() : this.dying();
    }
  }

  private next(): number {
    let value = this.sound[this.index] ?? 0;
    this.index += 1;
    if (this.rise > 0) {
      value *= 1 - this.rise / this.samples(DECLICK);
      this.rise -= 1;
    }
    if (this.fall > 0) {
      value *= this.fall / this.fallLength;
      this.fall -= 1;
    }
    this.last = value;
    return value;
  }

  /** Silence, reached without a click. */
  private dying(): number {
    this.last = Math.abs(this.last) < 1e-5 ? 0 : this.last * (1 - 5 / this.samples(DECLICK));
    return this.last;
  }

  private advance(at: number): void {
    if (this.notBefore !== null && at < this.notBefore) return;
    const waiting = this.queue.shift();
    if (waiting === undefined) {
      if (this.present !== null) {
        this.present = null;
        this.underruns += 1;
        this.report({ kind: "dry", sample: at });
      }
      return;
    }
    if (this.notBefore !== null) {
      this.notBefore = null;
      this.rise = this.samples(DECLICK);
    }
    this.begun = true;
    this.begin(waiting, at);
  }

  private begin({ frame, cut }: Waiting, at: number): void {
    let peak = 0;
    let energy = 0;
    for (let i = 0; i < AGENT_FRAME_SAMPLES; i += 1) {
      const value = frame.pcm[i] ?? 0;
      peak = Math.max(peak, Math.abs(value));
      energy += value * value;
      this.input[i] = value / PCM16_PEAK;
    }
    if (cut) this.input.fill(0);
    const made = this.resampler.push(this.input, this.sound);
    this.length = made;
    if (cut) this.sound.fill(0); // with it what the resampler still held of the frame before
    if (cut || peak < SILENT) this.fit(at - frame.pts * this.frameSamples, made);
    this.index = 0;
    this.present = frame;
    const arrived = this.arrivals.get(frame.pts) ?? at;
    this.arrivals.delete(frame.pts);
    this.report({
      kind: "frame",
      pts: frame.pts,
      generation: frame.generation,
      sample: at + this.delay,
      length: this.length,
      cut,
      rms: cut ? 0 : Math.sqrt(energy / AGENT_FRAME_SAMPLES) / PCM16_PEAK,
      wait: (1000 * (at - arrived)) / this.rate,
    });
  }

  /** Give a silent frame the length that brings the wait nearer to what it should be. */
  private fit(offset: number, made: number): void {
    const { most, least } = this.lateness;
    const aim = Math.min(most + this.samples(SAFETY), least + this.samples(LONGEST_WAIT));
    const excess = offset - aim;
    if (Math.abs(excess) < this.samples(TOLERANCE)) return;
    const share = excess > this.samples(FAR_OFF) ? 2 * MOST_STRETCH : MOST_STRETCH;
    const change = Math.round(clamp(excess, -MOST_STRETCH * this.frameSamples, share * this.frameSamples));
    this.length = made - change;
    if (change < 0) this.sound.fill(0, made, this.length);
  }

  private flush(generation: number, now: number): void {
    if (generation <= this.flushedBelow) return;
    this.flushedBelow = generation;
    for (const waiting of this.queue) waiting.cut ||= waiting.frame.generation < generation;
    if (this.present !== null && this.present.generation < generation && this.fall === 0) {
      this.fadeOut();
    }
    this.report({ kind: "flushed", sample: now + this.samples(FADE_OUT), generation });
  }

  private fadeOut(): void {
    this.fall = Math.max(0, Math.min(this.samples(FADE_OUT), this.length - this.index));
    this.fallLength = Math.max(1, this.fall);
    this.sound.fill(0, this.index + this.fall);
  }

  private dropOldest(): void {
    // Silence is given up before speech.
    const quiet = this.queue.findIndex(
      ({ frame, cut }) => cut || frame.pcm.every((v) => Math.abs(v) < SILENT),
    );
    const [dropped] = this.queue.splice(Math.max(0, quiet), 1);
    if (dropped === undefined) return;
    this.arrivals.delete(dropped.frame.pts);
    this.report({ kind: "dropped", pts: dropped.frame.pts });
  }

  private samples(seconds: number): number {
    return Math.round(seconds * this.rate);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
