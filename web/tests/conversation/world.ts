/** A server, a network and a page for tests, on a clock that is turned by hand. Codec, playout and face are the real ones. */

import { MicrophoneError } from "../../src/audio/microphone.ts";
import { PagePlayer } from "../../src/audio/page-player.ts";
import type { Player } from "../../src/audio/player.ts";
import type { Sound } from "../../src/audio/sound.ts";
import type { Socket } from "../../src/conversation/connection.ts";
import type { Options } from "../../src/conversation/contract.ts";
import { LiveConversation } from "../../src/conversation/live.ts";
import type { Timers } from "../../src/conversation/timers.ts";
import { Uplink } from "../../src/conversation/uplink.ts";
import type { Voice } from "../../src/conversation/voice.ts";
import { Instruments } from "../../src/instruments/instruments.ts";
import { decode, encode } from "../../src/protocol/codec.ts";
import type { AgentFrame, Hello, Message, ServerEvent, Welcome } from "../../src/protocol/messages.ts";

export class HandTimers implements Timers {
  private time = 1000;
  private next = 1;
  private readonly alarms = new Map<number, { at: number; action: () => void }>();

  now(): number {
    return this.time;
  }

  after(ms: number, action: () => void): () => void {
    const id = this.next;
    this.next += 1;
    this.alarms.set(id, { at: this.time + ms, action });
    return () => {
      this.alarms.delete(id);
    };
  }

  /** Let `ms` pass; what is due happens in its order. */
  pass(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const [due] = [...this.alarms].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
      if (due === undefined) break;
      this.alarms.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].action();
    }
    this.time = until;
  }
}

/** The server's end of one WebSocket. */
export class HandSocket implements Socket {
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly received: Message[] = [];
  closed = false;

  send(data: unknown): void {
    this.received.push(decode(data as Uint8Array));
  }

  close(): void {
    this.closed = true;
  }

  accept(): void {
    this.onopen?.call(this as unknown as WebSocket, new Event("open"));
  }

  tell(message: Message): void {
    this.raw(encode(message).buffer);
  }

  raw(data: unknown): void {
    this.onmessage?.call(this as unknown as WebSocket, { data } as MessageEvent);
  }

  /** The line breaks, or the server hangs up. */
  break(code = 1006): void {
    this.onclose?.call(this as unknown as WebSocket, { code, reason: "" } as CloseEvent);
  }

  of<K extends Message["kind"]>(kind: K): Extract<Message, { kind: K }>[] {
    return this.received.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
  }

  get hello(): Hello {
    const [hello] = this.of("hello");
    if (hello === undefined) throw new Error("no Hello came");
    return hello;
  }
}

/** Sound on the page's clock; the microphone is in the test's hands. */
export class HandSound implements Sound {
  onPlayer: (player: Player) => void = () => undefined;
  onLevel: (level: number) => void = () => undefined;
  onMicrophoneLost: () => void = () => undefined;
  onLoudspeakerLost: () => void = () => undefined;
  readonly audible = false;
  readonly player: PagePlayer;
  refusal: MicrophoneError | null = null;
  opened: string[] = [];

  constructor(timers: Timers) {
    this.player = new PagePlayer(() => timers.now());
  }

  open = () => Promise.resolve();
  closeMicrophone = () => undefined;
  setVolume = () => undefined;
  chooseLoudspeaker = () => Promise.reject(new Error("no such loudspeaker"));

  openMicrophone(device: string): Promise<void> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    this.opened.push(device);
    return Promise.resolve();
  }
}

/** The user's voice on the same clock, as the relay sends it. */
export class HandVoice implements Voice {
  onSent: (pts: number, now: number) => void = () => undefined;
  private readonly uplink: Uplink;
  private hears = false;

  constructor(timers: Timers, socket: () => HandSocket) {
    this.uplink = new Uplink(
      timers,
      () => this.hears,
      (pts, pcm) => {
        socket().send(encode({ kind: "user_audio", pts, generation: 0, pcm }));
        this.onSent(pts, timers.now());
      },
    );
  }

  speak(pcm: Int16Array): void {
    this.uplink.frame(pcm);
  }

  start(): void {
    this.uplink.start();
  }

  stop(): void {
    this.uplink.stop();
  }

  setHears(hears: boolean): void {
    this.hears = hears;
  }
}

export const OPTIONS: Options = {
  personas: [
    { name: "mira", title: "Mira", detail: "", voice: "joe", head: "mira" },
    { name: "noor", title: "Noor", detail: "", voice: "joan", head: "noor" },
  ],
  voices: [],
  persona: "mira",
  heads: { mira: "/heads/mira.glb", noor: "/heads/noor.glb" },
  lightHeads: {},
  recording: false,
};

export function welcome(changes: Partial<Welcome> = {}): Welcome {
  return {
    kind: "welcome",
    version: 1,
    session: "s",
    fps: 25,
    userSampleRate: 16_000,
    agentSampleRate: 24_000,
    motionNames: [],
    persona: "Mira",
    recording: false,
    maxSeconds: 1800,
    maxMessageBytes: 65_536,
    voice: "joe",
    head: "mira",
    language: "en",
    languageProblem: "",
    resume: "token-1",
    resumed: "no",
    resumeWithinSeconds: 120,
    ...changes,
  };
}

export function agentFrame(pts: number, changes: Partial<AgentFrame> & { level?: number } = {}): AgentFrame {
  const { level = 0, ...rest } = changes;
  const motion = new Float32Array(61);
  motion[17] = level;
  return {
    kind: "agent_frame",
    pts,
    generation: 0,
    userPts: pts - 2,
    speech: level > 0,
    flush: false,
    motion,
    pcm: Int16Array.from({ length: 960 }, (_, n) => 30_000 * level * Math.sin((2 * Math.PI * n) / 96)),
    ...rest,
  };
}

export function event(type: string, data: ServerEvent["data"] = {}, generation = 1): ServerEvent {
  return { kind: "event", pts: 0, t: 0, type, generation, data };
}

export class World {
  readonly timers = new HandTimers();
  readonly instruments = new Instruments();
  readonly sockets: HandSocket[] = [];
  readonly sound = new HandSound(this.timers);
  readonly voice = new HandVoice(this.timers, () => this.socket);
  readonly conversation: LiveConversation;
  /** Sockets opened from now on never answer. */
  unreachable = false;
  private pts = 0;

  constructor() {
    this.conversation = new LiveConversation({
      sound: this.sound,
      voice: this.voice,
      timers: this.timers,
      instruments: this.instruments,
      random: () => 0.5,
      openSocket: () => {
        const socket = new HandSocket();
        this.sockets.push(socket);
        if (this.unreachable) {
          this.timers.after(5, () => {
            socket.break();
          });
        }
        return socket;
      },
      fetchOptions: () => Promise.resolve(OPTIONS),
    });
  }

  get socket(): HandSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody called");
    return socket;
  }

  get view() {
    return this.conversation.view;
  }

  /** Start, greet, and be welcomed. */
  async talk(changes: Partial<Welcome> = {}, microphone: string | null = null): Promise<void> {
    await this.conversation.start({ microphone });
    this.welcome(changes);
  }

  welcome(changes: Partial<Welcome> = {}): void {
    this.socket.accept();
    this.socket.tell(welcome(changes));
    this.pts = 0;
  }

  /** Let `count` frames come, one every 40 ms. */
  frames(count: number, changes: Parameters<typeof agentFrame>[1] = {}): void {
    for (let n = 0; n < count; n += 1) {
      this.socket.tell(agentFrame(this.pts, n === 0 ? changes : { ...changes, flush: false }));
      this.pts += 1;
      this.timers.pass(40);
    }
  }
}
