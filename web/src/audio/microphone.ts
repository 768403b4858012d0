/** A microphone, opened with the browser's echo cancellation, noise suppression and gain control, on a worklet. */

import { MICROPHONE, type MicrophoneLevel, type RelayPort } from "./worklet-messages.ts";

/** Why there is no microphone; `code` as in the page's problems. */
export class MicrophoneError extends Error {
  override readonly name = "MicrophoneError";

  constructor(
    readonly code: "denied" | "absent" | "failed",
    message: string,
  ) {
    super(message);
  }
}

export class Microphone {
  /** The level of each 40 ms of sound, 0..1; 0 while no device is open. */
  onLevel: (level: number) => void = () => undefined;
  /** The device went away. */
  onLost: () => void = () => undefined;
  private readonly node: AudioWorkletNode;
  private stream: MediaStream | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private opening = 0; // how many devices were asked for

  /** The worklet's module must have been added to `context`; frames go to `relay`. */
  constructor(
    private readonly context: AudioContext,
    relay: MessagePort,
  ) {
    this.node = new AudioWorkletNode(context, MICROPHONE, {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    // Only what leads to the destination is kept going; nothing of it is heard.
    this.node.connect(new GainNode(context, { gain: 0 })).connect(context.destination);
    this.node.port.onmessage = ({ data }: MessageEvent<MicrophoneLevel>) => {
      this.onLevel(data.level);
    };
    const order: RelayPort = { kind: "port", port: relay };
    this.node.port.postMessage(order, [relay]);
  }

  /** Open `device` ("" or "default": the system's choice); an open one is replaced. Rejects with `MicrophoneError`. */
  async open(device: string): Promise<void> {
    this.opening += 1;
    const opening = this.opening;
    const stream = await request(device);
    if (opening !== this.opening) {
      // Closed, or another one asked for, while the person was still deciding.
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.release();
    this.stream = stream;
    this.source = new MediaStreamAudioSourceNode(this.context, { mediaStream: stream });
    this.source.connect(this.node);
    for (const track of stream.getAudioTracks()) {
      track.onended = () => {
        if (this.stream !== stream) return;
        this.release();
        this.onLost();
      };
    }
  }

  close(): void {
    this.opening += 1;
    this.release();
  }

  private release(): void {
    this.source?.disconnect();
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.stream = null;
    this.source = null;
  }
}

async function request(device: string): Promise<MediaStream> {
  // Browsers leave it out where the page came over http from another machine.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) {
    throw new MicrophoneError(
      "failed",
      "the browser gives microphones to https:// pages and to localhost alone",
    );
  }
  try {
    return await devices.getUserMedia({
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        channelCount: 1,
        ...(device === "" || device === "default" ? {} : { deviceId: { exact: device } }),
      },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    const message = error instanceof Error ? error.message : String(error);
    if (name === "NotAllowedError" || name === "SecurityError") throw new MicrophoneError("denied", message);
    if (name === "NotFoundError" || name === "OverconstrainedError")
      throw new MicrophoneError("absent", message);
    throw new MicrophoneError("failed", message);
  }
}
