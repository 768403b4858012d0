/** The playout on the sound card's own thread. */

import { Playout } from "./playout.ts";
import {
  type LoudspeakerReport,
  LOUDSPEAKER,
  type LoudspeakerOrder,
  type RelayPort,
} from "./worklet-messages.ts";

class LoudspeakerProcessor extends AudioWorkletProcessor {
  private epoch = 0;
  private readonly playout = new Playout(sampleRate, (report) => {
    const told: LoudspeakerReport = { ...report, epoch: this.epoch };
    this.port.postMessage(told);
  });

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<LoudspeakerOrder | RelayPort>) => {
      if (data.kind !== "port") this.take(data);
      else {
        data.port.onmessage = (message: MessageEvent<LoudspeakerOrder>) => {
          this.take(message.data);
        };
      }
    };
  }

  private take(order: LoudspeakerOrder): void {
    if (order.epoch < this.epoch) return;
    if (order.epoch > this.epoch) {
      this.epoch = order.epoch;
      this.playout.reset();
    }
    if (order.kind === "sound") this.playout.push(order.frame, currentFrame);
  }

  override process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [first, ...others] = outputs[0] ?? [];
    if (first !== undefined) {
      this.playout.render(first, currentFrame);
      for (const other of others) other.set(first);
    }
    return true;
  }
}

registerProcessor(LOUDSPEAKER, LoudspeakerProcessor);
