/** Sound of any rate in pieces of any size, cut into the protocol's frames of the user. */

import { PCM16_PEAK, USER_FRAME_SAMPLES, USER_SAMPLE_RATE } from "../protocol/media.ts";
import { Resampler } from "./resampler.ts";
import type { MicrophoneFrame } from "./worklet-messages.ts";

export class FrameCutter {
  private readonly resampler: Resampler;
  private resampled = new Float32Array(0);
  private pcm = new Int16Array(USER_FRAME_SAMPLES);
  private filled = 0;
  private energy = 0;

  /** `rate` of the sound that comes, Hz; `emit` gets each whole frame. */
  constructor(
    rate: number,
    private readonly emit: (frame: MicrophoneFrame) => void,
  ) {
    this.resampler = new Resampler(rate, USER_SAMPLE_RATE);
  }

  /** Take mono sound, -1..1. */
  push(sound: Float32Array): void {
    const room = this.resampler.room(sound.length);
    if (this.resampled.length < room) this.resampled = new Float32Array(room);
    const made = this.resampler.push(sound, this.resampled);
    for (let i = 0; i < made; i += 1) {
      const value = Math.min(1, Math.max(-1, this.resampled[i] ?? 0));
      this.pcm[this.filled] = Math.round(value * PCM16_PEAK);
      this.energy += value * value;
      this.filled += 1;
      if (this.filled === USER_FRAME_SAMPLES) this.finish();
    }
  }

  private finish(): void {
    const frame = { pcm: this.pcm, level: Math.sqrt(this.energy / USER_FRAME_SAMPLES) };
    this.pcm = new Int16Array(USER_FRAME_SAMPLES);
    this.filled = 0;
    this.energy = 0;
    this.emit(frame);
  }
}
