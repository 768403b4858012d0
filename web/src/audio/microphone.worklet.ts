/** The microphone on the sound card's own thread: frames for the server; silence while nothing is connected. */

import { FrameCutter } from "./frame-cutter.ts";
import { MICROPHONE } from "./worklet-messages.ts";

const SILENCE = new Float32Array(128);

class MicrophoneProcessor extends AudioWorkletProcessor {
  private readonly cutter = new FrameCutter(sampleRate, (frame) => {
    this.port.postMessage(frame, [frame.pcm.buffer]);
  });

  override process(inputs: Float32Array[][]): boolean {
    this.cutter.push(inputs[0]?.[0] ?? SILENCE);
    return true;
  }
}

registerProcessor(MICROPHONE, MicrophoneProcessor);
