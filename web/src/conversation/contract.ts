/**
 * What the page's two halves know of each other: the conversation (network, microphone, loudspeaker, clock) and what
 * is seen of it (stage, captions, controls).
 */

/** Who holds the turn, as the server says. */
export type Floor = "nobody" | "user" | "thinking" | "agent";

/** Where the connection stands. */
export type Phase = "idle" | "connecting" | "open" | "reconnecting" | "closed";

/** Where the microphone stands. */
export type MicrophoneState = "off" | "asking" | "on" | "denied" | "absent" | "failed";

/** `open`: always heard; `push`: heard only while the key or button is held. */
export type TalkMode = "open" | "push";

/** Something the person has to know, in words: what happened, and what to do about it. */
export interface Problem {
  readonly code:
    | "microphone_denied"
    | "microphone_absent"
    | "microphone_failed"
    | "server_full"
    | "network"
    | "refused"
    | "ended"
    | "audio";
  readonly title: string;
  readonly remedy: string;
}

/** One turn of the conversation in words. */
export interface Caption {
  readonly id: number;
  readonly speaker: "user" | "agent";
  readonly text: string;
  /** False while the words may still change. */
  readonly final: boolean;
  readonly typed: boolean;
  /** The agent gave way: `text` holds only what was heard. */
  readonly interrupted: boolean;
}

/** How good the connection is, over the last seconds. */
export interface Quality {
  readonly level: "good" | "fair" | "poor" | "unknown";
  /** Microphone to server and back, ms. */
  readonly roundTrip: number | null;
  /** Spread of packet arrival, ms. */
  readonly jitter: number;
  /** Sound held back against jitter, ms. */
  readonly buffer: number;
  /** Share of frames that came too late to be heard, 0..1. */
  readonly late: number;
}

/** The last answered turn, ms after the end of the user's speech; null where it isn't known. */
export interface TurnLatency {
  readonly decision: number | null;
  readonly transcript: number | null;
  readonly firstToken: number | null;
  readonly firstSound: number | null;
  readonly mouthOpen: number | null;
}

export interface Choice {
  readonly name: string;
  readonly title: string;
  readonly detail: string;
}

/** What the server offers before a conversation begins. */
export interface Options {
  readonly personas: readonly (Choice & { readonly voice: string; readonly head: string })[];
  readonly voices: readonly Choice[];
  readonly persona: string;
  readonly heads: Readonly<Record<string, string>>;
  /** The same heads for drawing without a graphics card; a server may have none. */
  readonly lightHeads: Readonly<Record<string, string>>;
  /** The server keeps conversations of those who consent. */
  readonly recording: boolean;
}

/** Everything there is to show, replaced as a whole whenever something changes. */
export interface View {
  readonly phase: Phase;
  readonly problem: Problem | null;
  readonly floor: Floor;
  readonly captions: readonly Caption[];
  readonly quality: Quality;
  readonly latency: TurnLatency | null;
  readonly microphone: MicrophoneState;
  readonly muted: boolean;
  readonly talkMode: TalkMode;
  /** Level of the microphone, 0..1, for a meter. */
  readonly level: number;
  readonly persona: string;
  readonly recording: boolean;
  /** URL of the agent's head (GLB). */
  readonly head: string | null;
}

export interface StartChoice {
  readonly persona?: string;
  readonly voice?: string;
  /** Device of the microphone; null talks without one. */
  readonly microphone: string | null;
  /** The person agreed to being recorded. */
  readonly consent?: boolean;
}

/** The conversation as the visible half uses it. Commands never throw for what a person can repair: see `Problem`. */
export interface Conversation {
  readonly view: View;
  subscribe(listener: (view: View) => void): () => void;
  /** What the server offers; rejects when it can't be reached. */
  options(): Promise<Options>;
  /** Connect; call it from a user's gesture, so that sound may play. */
  start(choice: StartChoice): Promise<void>;
  stop(): void;
  /** Say something in writing. */
  say(text: string): void;
  setMuted(muted: boolean): void;
  setTalkMode(mode: TalkMode): void;
  /** In `push` mode: the button is down or up. */
  press(down: boolean): void;
  setMicrophone(device: string | null): Promise<void>;
  setLoudspeaker(device: string): Promise<void>;
  /** 0..1. */
  setVolume(volume: number): void;
  /** Microphones and loudspeakers; labels are empty until the microphone was allowed. */
  devices(): Promise<{ microphones: Choice[]; loudspeakers: Choice[] }>;
  /**
   * The face that belongs to the sound leaving the loudspeaker at `now` (performance.now(), ms), into `into`: 61
   * numbers, 52 ARKit shapes 0..1, then head yaw, pitch, roll and yaw, pitch, roll of both eyes, radians. Never stands
   * still: what is missing is filled with idle life and blended.
   */
  face(now: number, into: Float32Array): void;
}
