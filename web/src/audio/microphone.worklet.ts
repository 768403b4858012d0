/** The microphone on the sound card's own thread: frames for the relay; silence while nothing is connected. */

import { FrameCutter } from "./frame-cutter.ts";
import { MICROPHONE, type MicrophoneLevel, type RelayPort } from "./worklet-messages.ts";

const SILENCE = new Float32Array(128);

class MicrophoneProcessor extends AudioWorkletProcessor {
  private relay: MessagePort | null = null;
  private readonly cutter = new FrameCutter(sampleRate, (frame) => {
    const level: MicrophoneLevel = { level: frame.level };
    this.port.postMessage(level);
    this.relay?.postMessage(frame, [frame.pcm.buffer]);
  });

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<RelayPort>) => {
      this.relay = data.port;
    };
  }

  override process(inputs: Float32Array[][]): boolean {
    this.cutter.push(inputs[0]?.[0] ?? SILENCE);
    return true;
  }
}

registerProcessor(MICROPHONE, MicrophoneProcessor);
