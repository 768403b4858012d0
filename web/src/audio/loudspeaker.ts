/** The playout in an audio context: sound through a worklet, time by the context's clock at the loudspeaker. */

import { Playhead, type Place } from "./playhead.ts";
import type { Player, Sounded } from "./player.ts";
import type { Report } from "./reports.ts";
import { SpeakerClock } from "./speaker-clock.ts";
import {
  LOUDSPEAKER,
  type LoudspeakerOrder,
  type LoudspeakerReport,
  type RelayPort,
} from "./worklet-messages.ts";

export class Loudspeaker implements Player {
  onReport: (report: Report) => void = () => undefined;
  private readonly playhead = new Playhead();
  private readonly node: AudioWorkletNode;
  private readonly gain: GainNode;
  private readonly clock: SpeakerClock;
  private epoch = 0;

  /**
   * The worklet's module must have been added to `context`. Sound comes from `relay`, not by `play`; `onEpoch` is told
   * which stream is wanted from now on.
   */
  constructor(
    private readonly context: AudioContext,
    relay: MessagePort,
    private readonly onEpoch: (epoch: number) => void,
  ) {
    this.clock = new SpeakerClock(context, () => performance.now());
    this.node = new AudioWorkletNode(context, LOUDSPEAKER, {
      numberOfInputs: 0,
      numberOfOutputs: 1,
      outputChannelCount: [1],
    });
    this.gain = new GainNode(context);
    this.node.connect(this.gain).connect(context.destination);
    this.node.port.onmessage = ({ data }: MessageEvent<LoudspeakerReport>) => {
      if (data.epoch !== this.epoch) return; // of a stream that is over
      this.playhead.note(data);
      this.onReport(data);
    };
    const order: RelayPort = { kind: "port", port: relay };
    this.node.port.postMessage(order, [relay]);
  }

  /** What is heard, for whoever records it. */
  get output(): AudioNode {
    return this.gain;
  }

  play(): void {
    // The relay has given it to the worklet already, without waiting for the page.
  }

  reset(): void {
    this.epoch += 1;
    this.playhead.reset();
    const order: LoudspeakerOrder = { kind: "reset", epoch: this.epoch };
    this.node.port.postMessage(order);
    this.onEpoch(this.epoch);
  }

  place(now: number): Place | null {
    return this.playhead.at(this.sample(now));
  }

  heard(now: number): readonly Sounded[] {
    return this.playhead.finished(this.sample(now));
  }

  moment(sample: number): { page: number; context: number } {
    const context = sample / this.context.sampleRate;
    return { page: this.clock.pageTime(context), context };
  }

  /** 0..1; perceived loudness, so its square is the gain. */
  setVolume(volume: number): void {
    this.gain.gain.setTargetAtTime(volume * volume, this.context.currentTime, 0.02);
  }

  private sample(now: number): number {
    return this.clock.contextTime(now) * this.context.sampleRate;
  }
}
