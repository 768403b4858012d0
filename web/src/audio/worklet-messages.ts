/** What the page, its relay and its two audio worklets say to each other. */

import type { Report, SoundFrame } from "./reports.ts";

export const LOUDSPEAKER = "visavis-loudspeaker";
export const MICROPHONE = "visavis-microphone";

/** To the loudspeaker: sound, or forget all of it; `epoch` numbers the streams, and older ones are passed over. */
export type LoudspeakerOrder =
  | { readonly kind: "sound"; readonly epoch: number; readonly frame: SoundFrame }
  | { readonly kind: "reset"; readonly epoch: number };

/** To either worklet: the port at which the relay gives or takes sound. */
export interface RelayPort {
  readonly kind: "port";
  readonly port: MessagePort;
}

export type LoudspeakerReport = Report & { readonly epoch: number };

/** From the microphone to the relay: 40 ms of it, (640,) PCM16 at 16 kHz, and its level, 0..1 (root mean square). */
export interface MicrophoneFrame {
  readonly pcm: Int16Array<ArrayBuffer>;
  readonly level: number;
}

/** From the microphone to the page. */
export type MicrophoneLevel = Pick<MicrophoneFrame, "level">;
