/** The page's sound as the conversation uses it: both worklets where a context runs, the page's clock where none does. */

import { chooseLoudspeaker, openContext } from "./context.ts";
import { listDevices } from "./devices.ts";
import { Loudspeaker } from "./loudspeaker.ts";
import { Microphone } from "./microphone.ts";
import { PagePlayer } from "./page-player.ts";
import type { Player } from "./player.ts";

/** What the conversation needs of sound; `BrowserSound` is the real one. */
export interface Sound {
  /** What plays at present. */
  readonly player: Player;
  /** Whether sound comes out. */
  readonly audible: boolean;
  /** Called when another player plays from now on. */
  onPlayer: (player: Player) => void;
  /** The microphone's level, 0..1, every 40 ms. */
  onLevel: (level: number) => void;
  onMicrophoneLost: () => void;
  /** The chosen loudspeaker went away; the system's choice plays on. */
  onLoudspeakerLost: () => void;
  /** From a gesture; rejects if there is no sound in this browser. */
  open(): Promise<void>;
  /** Rejects with `MicrophoneError`. */
  openMicrophone(device: string): Promise<void>;
  closeMicrophone(): void;
  setVolume(volume: number): void;
  chooseLoudspeaker(device: string): Promise<void>;
}

/** What carries sound between the worklets and the server. */
export interface SoundRelay {
  connect(loudspeaker: MessagePort, microphone: MessagePort): void;
  /** The loudspeaker's stream from now on; null while it doesn't play. */
  setEpoch(epoch: number | null): void;
}

export class BrowserSound implements Sound {
  onPlayer: (player: Player) => void = () => undefined;
  onLevel: (level: number) => void = () => undefined;
  onMicrophoneLost: () => void = () => undefined;
  onLoudspeakerLost: () => void = () => undefined;
  private readonly silent = new PagePlayer(() => performance.now());
  private opening: Promise<void> | null = null;
  private context: AudioContext | null = null;
  private loudspeaker: Loudspeaker | null = null;
  private microphone: Microphone | null = null;
  private volume = 1;
  private wasAudible = false;
  private sink = ""; // the chosen loudspeaker

  constructor(private readonly relay: SoundRelay) {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    devices?.addEventListener("devicechange", () => {
      void this.checkLoudspeaker();
    });
  }

  get audible(): boolean {
    return this.context?.state === "running";
  }

  get player(): Player {
    return this.audible && this.loudspeaker !== null ? this.loudspeaker : this.silent;
  }

  /** The context and what is heard in it, for a recording; null before it was opened. */
  get heard(): { context: AudioContext; output: AudioNode } | null {
    if (this.context === null || this.loudspeaker === null) return null;
    return { context: this.context, output: this.loudspeaker.output };
  }

  async open(): Promise<void> {
    this.opening ??= this.build();
    try {
      await this.opening;
    } catch (error) {
      this.opening = null;
      throw error;
    }
    // Without a gesture this never resolves in some browsers: it isn't waited for.
    void this.context?.resume();
  }

  async openMicrophone(device: string): Promise<void> {
    await this.microphone?.open(device);
  }

  closeMicrophone(): void {
    this.microphone?.close();
  }

  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    this.loudspeaker?.setVolume(this.volume);
  }

  async chooseLoudspeaker(device: string): Promise<void> {
    if (this.context !== null) await chooseLoudspeaker(this.context, device);
    this.sink = device === "default" ? "" : device;
  }

  private async build(): Promise<void> {
    const context = await openContext();
    this.context = context;
    const toLoudspeaker = new MessageChannel();
    const toMicrophone = new MessageChannel();
    this.relay.connect(toLoudspeaker.port1, toMicrophone.port1);
    this.loudspeaker = new Loudspeaker(context, toLoudspeaker.port2, (epoch) => {
      this.relay.setEpoch(epoch);
    });
    this.loudspeaker.setVolume(this.volume);
    this.microphone = new Microphone(context, toMicrophone.port2);
    this.microphone.onLevel = (level) => {
      this.onLevel(level);
    };
    this.microphone.onLost = () => {
      this.onMicrophoneLost();
    };
    context.onstatechange = () => {
      this.noteState();
    };
    this.noteState();
    if (this.sink !== "") await chooseLoudspeaker(context, this.sink);
  }

  /** A chosen device that was unplugged would swallow the sound. */
  private async checkLoudspeaker(): Promise<void> {
    if (this.sink === "" || this.context === null) return;
    const { loudspeakers } = await listDevices();
    if (loudspeakers.some(({ name }) => name === this.sink)) return;
    await this.chooseLoudspeaker("");
    this.onLoudspeakerLost();
  }

  private noteState(): void {
    if (this.audible === this.wasAudible) return;
    this.wasAudible = this.audible;
    if (!this.audible) this.relay.setEpoch(null);
    this.player.reset();
    this.onPlayer(this.player);
  }
}
