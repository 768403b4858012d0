/** Every message of protocol version 1 (docs/protocol.md). Media carry pts and generation; the rest is JSON inside. */

export const VERSION = 1;
export const MAX_HISTORY = 40; // turns
export const MAX_HISTORY_CHARACTERS = 2000; // of one turn
export const MAX_TEXT_CHARACTERS = 2000; // of a typed turn
export const NO_USER_FRAME = -1; // userPts of a frame for which the user's sound came too late

/** One turn as the client remembers it. */
export interface HistoryEntry {
  readonly role: "user" | "agent";
  readonly text: string;
  readonly interrupted: boolean;
}

/** Client to server, first: who is calling and how it will behave. */
export interface Hello {
  readonly kind: "hello";
  readonly version: number;
  readonly client: string;
  /** The client sends `Played`; if not, what was sent counts as heard. */
  readonly acknowledges: boolean;
  readonly consentsToRecording: boolean;
  /** Seed of the face; null: random. */
  readonly seed: number | null;
  readonly persona: string | null;
  readonly voice: string | null;
  /** Language to talk in, a BCP 47 tag; null: the persona's. */
  readonly language: string | null;
  /** Token of an earlier `Welcome`. */
  readonly resume: string | null;
  /** The conversation so far, oldest first, for a server that no longer knows the token. */
  readonly history: readonly HistoryEntry[];
}

/** Server to client, the answer to `Hello`: everything fixed for the session. */
export interface Welcome {
  readonly kind: "welcome";
  readonly version: number;
  readonly session: string;
  readonly fps: number;
  readonly userSampleRate: number;
  readonly agentSampleRate: number;
  readonly motionNames: readonly string[];
  readonly persona: string;
  readonly recording: boolean;
  readonly maxSeconds: number;
  readonly maxMessageBytes: number;
  readonly voice: string;
  /** Name of the agent's head; empty where none is served. */
  readonly head: string;
  readonly language: string;
  /** What stands in the way of the language that was asked for; empty: nothing. */
  readonly languageProblem: string;
  /** Token that resumes this conversation, once; empty: it can't be. */
  readonly resume: string;
  readonly resumed: "no" | "memory" | "history";
  readonly resumeWithinSeconds: number;
}

/** Client to server: 40 ms of the user, (640,) PCM16 at 16 kHz; `pts` counts the client's own frames from 0. */
export interface UserAudio {
  readonly kind: "user_audio";
  readonly pts: number;
  readonly generation: number;
  readonly pcm: Int16Array;
}

/** Client to server: the frame `pts` of `generation` has left the speaker. */
export interface Played {
  readonly kind: "played";
  readonly pts: number;
  readonly generation: number;
}

/** Client to server: the user's face, (61,), for the client's frame `pts`. */
export interface UserMotion {
  readonly kind: "user_motion";
  readonly pts: number;
  readonly generation: number;
  readonly motion: Float32Array;
}

/** Client to server: a typed turn. */
export interface UserText {
  readonly kind: "user_text";
  readonly text: string;
}

/** Server to client: one frame of the agent, sound (960,) PCM16 at 24 kHz and face (61,) together. */
export interface AgentFrame {
  readonly kind: "agent_frame";
  readonly pts: number;
  readonly generation: number;
  /** The client's frame that was heard at this pts, `NO_USER_FRAME` if none had come. */
  readonly userPts: number;
  readonly speech: boolean;
  /** Drop what is still held of older generations. */
  readonly flush: boolean;
  readonly motion: Float32Array;
  readonly pcm: Int16Array;
}

/** Server to client: something happened on the session's timeline, `t` seconds in. */
export interface ServerEvent {
  readonly kind: "event";
  readonly pts: number;
  readonly t: number;
  readonly type: string;
  readonly generation: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Server to client: what went wrong and the way out. */
export interface ServerError {
  readonly kind: "error";
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly fatal: boolean;
}

/** Either side: the session is over, and why. */
export interface Bye {
  readonly kind: "bye";
  readonly reason: string;
}

export type JsonMessage = Hello | Welcome | UserText | Bye | ServerEvent | ServerError;
export type MediaMessage = UserAudio | Played | UserMotion | AgentFrame;
export type Message = JsonMessage | MediaMessage;
