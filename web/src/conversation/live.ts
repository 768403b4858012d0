/** The conversation as the visible half uses it: keeps one line to the server, its sound, and what there is to show. */

import { listDevices, type Devices } from "../audio/devices.ts";
import { MicrophoneError } from "../audio/microphone.ts";
import type { Sound } from "../audio/sound.ts";
import type { Instruments } from "../instruments/instruments.ts";
import { MAX_TEXT_CHARACTERS, type AgentFrame } from "../protocol/messages.ts";
import { Acknowledgement } from "./acknowledgement.ts";
import { Captions } from "./captions.ts";
import type { Socket } from "./connection.ts";
import type { Conversation, Options, Problem, StartChoice, TalkMode, View } from "./contract.ts";
import { readFloor, readLatency, readPersona } from "./events.ts";
import { Line } from "./line.ts";
import { microphoneProblem, soundProblem, LOUDSPEAKER_GONE, LOUDSPEAKER_PROBLEM } from "./problems.ts";
import { Playback } from "./playback.ts";
import { QualityMeter } from "./quality.ts";
import type { Timers } from "./timers.ts";
import { ViewStore } from "./view-store.ts";
import type { Voice } from "./voice.ts";

const QUALITY_EVERY = 500; // ms
const MOST_UNSAID = 5; // typed turns that wait for the line

/** What the conversation stands on; tests bring their own. */
export interface Surroundings {
  readonly sound: Sound;
  readonly voice: Voice;
  readonly timers: Timers;
  readonly instruments: Instruments;
  /** 0..1 */
  random(): number;
  openSocket(): Socket;
  fetchOptions(): Promise<Options>;
}

export class LiveConversation implements Conversation {
  private readonly store: ViewStore;
  private readonly captions = new Captions();
  private readonly quality = new QualityMeter();
  private readonly playback: Playback;
  private readonly line: Line;
  private offered: Options | null = null;
  private pressed = false;
  private asked = 0; // for how many microphones
  private unsaid: string[] = [];
  private qualityRead = 0; // ms

  constructor(private readonly around: Surroundings) {
    const { sound, voice, timers, instruments } = around;
    this.store = new ViewStore(timers);
    this.line = new Line(around, this.captions, {
      phase: (phase, problem) => {
        this.store.change({ phase, problem: problem ?? this.lasting() });
      },
      welcomed: (welcome) => {
        this.quality.reset();
        this.playback.newStream();
        voice.start();
        const head = this.offered?.heads[welcome.head] ?? this.store.view.head;
        this.store.change({ persona: welcome.persona, recording: welcome.recording, head, floor: "nobody" });
        for (const text of this.unsaid.splice(0)) this.line.send({ kind: "user_text", text });
      },
      frame: (frame) => {
        this.receive(frame);
      },
      event: (event) => {
        if (this.captions.apply(event)) this.store.change({ captions: this.captions.list });
        const floor = readFloor(event);
        if (floor !== null) this.store.change({ floor });
        const next = readPersona(event);
        if (next !== null) {
          const head = this.offered?.heads[next.head] ?? this.store.view.head;
          this.store.change({ persona: next.title, head });
        }
        const latency = readLatency(event);
        if (latency !== null) this.store.change({ latency });
      },
      lost: () => {
        voice.stop();
        this.captions.lineLost();
        this.store.change({ captions: this.captions.list, floor: "nobody", level: 0 });
      },
    });
    this.playback = new Playback(
      sound,
      timers,
      instruments,
      new Acknowledgement((played) => this.line.send(played)),
    );
    voice.onSent = (pts, now) => {
      this.quality.sent(pts, now);
    };
    voice.setHears(this.hears());
    sound.onLevel = (level) => {
      if (this.hears()) instruments.spoken(level, timers.now());
      this.store.changeSlowly({ level: this.store.view.microphone === "on" && this.hears() ? level : 0 });
    };
    sound.onLoudspeakerLost = () => {
      this.store.change({ problem: LOUDSPEAKER_GONE });
    };
    sound.onMicrophoneLost = () => {
      void this.microphoneLost();
    };
  }

  get view(): View {
    return this.store.view;
  }

  subscribe(listener: (view: View) => void): () => void {
    return this.store.subscribe(listener);
  }

  async options(): Promise<Options> {
    const options = await this.around.fetchOptions();
    this.offered = options;
    if (this.view.head === null) {
      const persona = options.personas.find(({ name }) => name === options.persona);
      const head = options.heads[persona?.head ?? ""] ?? Object.values(options.heads)[0] ?? null;
      this.store.change({ head, persona: persona?.title ?? "" });
    }
    return options;
  }

  async start(choice: StartChoice): Promise<void> {
    this.unsaid = [];
    const { asked } = this;
    const goesOn = this.line.begin(choice);
    if (!goesOn) {
      this.captions.clear();
      this.store.change({ captions: this.captions.list, latency: null });
    }
    try {
      await this.around.sound.open();
    } catch (error) {
      this.store.change({ problem: soundProblem(error instanceof Error ? error.message : String(error)) });
    }
    // Meanwhile the person may have left again.
    if (asked === this.asked) await this.setMicrophone(choice.microphone);
  }

  stop(): void {
    this.line.end();
    this.around.voice.stop();
    this.playback.newStream();
    this.closeMicrophone();
    this.store.change({ microphone: "off", floor: "nobody", level: 0, problem: null });
  }

  say(text: string): void {
    const said = Array.from(text.trim()).slice(0, MAX_TEXT_CHARACTERS).join("");
    if (said === "") return;
    if (this.line.send({ kind: "user_text", text: said })) return;
    if (this.view.phase !== "idle" && this.view.phase !== "closed") {
      this.unsaid = [...this.unsaid, said].slice(-MOST_UNSAID);
    }
  }

  setMuted(muted: boolean): void {
    this.store.change({ muted });
    this.around.voice.setHears(this.hears());
  }

  setTalkMode(talkMode: TalkMode): void {
    this.pressed = false;
    this.store.change({ talkMode });
    this.around.voice.setHears(this.hears());
  }

  press(down: boolean): void {
    this.pressed = down;
    this.around.voice.setHears(this.hears());
  }

  async setMicrophone(device: string | null): Promise<void> {
    if (device === null) {
      this.closeMicrophone();
      this.store.change({ microphone: "off", level: 0, problem: this.withoutMicrophone() });
      return;
    }
    this.store.change({ microphone: "asking" });
    this.asked += 1;
    const asked = this.asked;
    try {
      await this.around.sound.openMicrophone(device);
      if (asked !== this.asked) return; // meanwhile the person left, or chose another
      this.store.change({ microphone: "on", problem: this.withoutMicrophone() });
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      if (asked !== this.asked) return;
      this.store.change({
        microphone: error.code,
        level: 0,
        problem: microphoneProblem(error.code, error.message),
      });
    }
  }

  async setLoudspeaker(device: string): Promise<void> {
    try {
      await this.around.sound.chooseLoudspeaker(device);
    } catch (error) {
      if (!(error instanceof Error)) throw error; // DOMException is one
      this.store.change({ problem: LOUDSPEAKER_PROBLEM });
    }
  }

  setVolume(volume: number): void {
    this.around.sound.setVolume(volume);
  }

  devices(): Promise<Devices> {
    return listDevices();
  }

  face(now: number, into: Float32Array): void {
    this.playback.draw(now, into);
  }

  private receive(frame: AgentFrame): void {
    const now = this.around.timers.now();
    const late = this.playback.receive(frame, now);
    this.quality.received(frame.pts, frame.userPts, now, late);
    if (now - this.qualityRead >= QUALITY_EVERY) {
      this.qualityRead = now;
      this.store.changeSlowly({ quality: this.quality.read(this.playback.buffer) });
    }
  }

  private hears(): boolean {
    return !this.view.muted && (this.view.talkMode === "open" || this.pressed);
  }

  private closeMicrophone(): void {
    this.asked += 1;
    this.around.sound.closeMicrophone();
  }

  /** The device went away in the middle: the system's choice takes its place, if there is another. */
  private async microphoneLost(): Promise<void> {
    await this.setMicrophone("default");
  }

  /** The present problem, unless it was one of the line, which is over. */
  private lasting(): Problem | null {
    const problem = this.view.problem;
    return problem !== null && (problem.code.startsWith("microphone") || problem.code === "audio")
      ? problem
      : null;
  }

  private withoutMicrophone(): Problem | null {
    const problem = this.view.problem;
    return problem?.code.startsWith("microphone") === true ? null : problem;
  }
}
