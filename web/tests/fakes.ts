/** A conversation that follows a script instead of a server, for the visible half. */

import type { Conversation, Options, StartChoice, View } from "../src/conversation/contract.ts";

export const OPTIONS: Options = {
  persona: "mira",
  personas: [
    {
      name: "mira",
      title: "Mira",
      detail: "Receptionist of a small hotel by the sea",
      voice: "clear",
      head: "mira",
    },
    { name: "noor", title: "Noor", detail: "Curious guest with many questions", voice: "warm", head: "noor" },
  ],
  voices: [
    { name: "clear", title: "Clear", detail: "" },
    { name: "warm", title: "Warm", detail: "" },
  ],
  heads: { mira: "/heads/mira.glb", noor: "/heads/noor.glb" },
  lightHeads: { mira: "/heads/mira-light.glb" },
  recording: false,
};

export const IDLE: View = {
  phase: "idle",
  problem: null,
  floor: "nobody",
  captions: [],
  quality: { level: "unknown", roundTrip: null, jitter: 0, buffer: 0, late: 0 },
  latency: null,
  microphone: "off",
  muted: false,
  talkMode: "open",
  level: 0,
  persona: "Mira",
  recording: false,
  head: null,
};

export class FakeConversation implements Conversation {
  view: View = IDLE;
  /** What was asked of it, in order. */
  readonly calls: (readonly [string, ...unknown[]])[] = [];
  offered: Options | Error = OPTIONS;
  /** The face at a time; still unless a test says otherwise. */
  motion: (now: number, into: Float32Array) => void = (_now, into) => into.fill(0);
  private readonly listeners = new Set<(view: View) => void>();

  change(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener(this.view);
  }

  subscribe(listener: (view: View) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  options(): Promise<Options> {
    return this.offered instanceof Error ? Promise.reject(this.offered) : Promise.resolve(this.offered);
  }

  start(choice: StartChoice): Promise<void> {
    this.calls.push(["start", choice]);
    this.change({ phase: "open", microphone: choice.microphone === null ? "off" : "on" });
    return Promise.resolve();
  }

  stop(): void {
    this.calls.push(["stop"]);
    this.change({ phase: "closed" });
  }

  say(text: string): void {
    this.calls.push(["say", text]);
  }

  setMuted(muted: boolean): void {
    this.calls.push(["setMuted", muted]);
    this.change({ muted });
  }

  setTalkMode(talkMode: View["talkMode"]): void {
    this.calls.push(["setTalkMode", talkMode]);
    this.change({ talkMode });
  }

  press(down: boolean): void {
    this.calls.push(["press", down]);
  }

  setMicrophone(device: string | null): Promise<void> {
    this.calls.push(["setMicrophone", device]);
    this.change({ microphone: device === null ? "off" : "on" });
    return Promise.resolve();
  }

  setLoudspeaker(device: string): Promise<void> {
    this.calls.push(["setLoudspeaker", device]);
    return Promise.resolve();
  }

  setVolume(volume: number): void {
    this.calls.push(["setVolume", volume]);
  }

  devices(): ReturnType<Conversation["devices"]> {
    return Promise.resolve({
      microphones: [{ name: "m1", title: "Headset", detail: "" }],
      loudspeakers: [{ name: "s1", title: "Headset", detail: "" }],
    });
  }

  face(now: number, into: Float32Array): void {
    this.motion(now, into);
  }
}
