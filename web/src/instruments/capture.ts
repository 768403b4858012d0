/** Records what is seen and heard into one WebM file: the canvas's picture and the loudspeaker's sound. */

export interface Heard {
  readonly context: AudioContext;
  readonly output: AudioNode;
}

const SLICE = 1000; // ms of recording a piece

export class Capture {
  private recorder: MediaRecorder | null = null;
  private destination: MediaStreamAudioDestinationNode | null = null;
  private output: AudioNode | null = null;
  private pieces: Blob[] = [];

  /** `heard` gives what sounds, null where nothing can. */
  constructor(private readonly heard: () => Heard | null) {}

  /** Begin, with up to `fps` pictures a second. Raises `Error` if there is no canvas, no sound, or one runs already. */
  start(fps = 30): void {
    if (this.recorder !== null) throw new Error("a capture is running; stop it first");
    const canvas = document.querySelector("canvas");
    if (canvas === null) throw new Error("there is no canvas to capture; wait until the face is drawn");
    const heard = this.heard();
    if (heard === null) throw new Error("there is no sound to capture; start a conversation first");
    const stream = canvas.captureStream(fps);
    this.destination = new MediaStreamAudioDestinationNode(heard.context);
    // Not delayed by the loudspeaker's latency: Chromium's recorder takes the picture about as much later (see the docs).
    this.output = heard.output;
    this.output.connect(this.destination);
    for (const track of this.destination.stream.getAudioTracks()) stream.addTrack(track);
    this.pieces = [];
    this.recorder = new MediaRecorder(stream, {
      mimeType: "video/webm;codecs=vp8,opus",
      videoBitsPerSecond: 4_000_000,
    });
    this.recorder.ondataavailable = ({ data }) => {
      this.pieces.push(data);
    };
    this.recorder.start(SLICE);
  }

  /** End, and give the file as base64. Rejects if none runs. */
  async stop(): Promise<string> {
    const recorder = this.recorder;
    if (recorder === null) throw new Error("no capture is running; start one first");
    this.recorder = null;
    await new Promise<void>((resolve) => {
      recorder.onstop = () => {
        resolve();
      };
      recorder.stop();
    });
    for (const track of recorder.stream.getTracks()) track.stop();
    if (this.destination !== null) this.output?.disconnect(this.destination);
    return base64(new Blob(this.pieces.splice(0)));
  }
}

async function base64(blob: Blob): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      resolve(typeof reader.result === "string" ? reader.result : "");
    };
    reader.onerror = () => {
      reject(new Error("the recording can't be read"));
    };
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}
