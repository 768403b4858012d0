/** One WebSocket to the gateway, from Hello to its end, as a small state machine. */

import { decode, encode } from "../protocol/codec.ts";
import { ProtocolError } from "../protocol/error.ts";
import type { AgentFrame, Hello, Message, ServerError, ServerEvent, Welcome } from "../protocol/messages.ts";
import type { Timers } from "./timers.ts";

export const GREETING_LIMIT = 6000; // ms from the call to Welcome
export const SILENCE_LIMIT = 3000; // ms without an AgentFrame after which the line is dead
const MOST_UNSENT = 256 * 1024; // bytes the browser may hold before more is thrown away
const GOING_AWAY_CODE = 1000;

/** The part of a WebSocket that is used. */
export type Socket = Pick<
  WebSocket,
  "binaryType" | "bufferedAmount" | "onopen" | "onmessage" | "onclose" | "send" | "close"
>;

/** How a connection came to its end. */
export type Ending =
  | { readonly kind: "dropped"; readonly why: string }
  | { readonly kind: "refused"; readonly error: ServerError }
  | { readonly kind: "said_goodbye"; readonly reason: string };

export interface Listener {
  welcomed(welcome: Welcome): void;
  frame(frame: AgentFrame): void;
  event(event: ServerEvent): void;
  /** Something that isn't the end: the server's complaint, or a message that makes no sense. */
  complaint(code: string, message: string): void;
  ended(ending: Ending): void;
}

type State = "calling" | "open" | "ended";

export class Connection {
  private state: State = "calling";
  private stopAlarm: () => void = () => undefined;
  private lastFrameAt: number;
  private welcomed = false;
  private goodbye: string | null = null;
  private refusal: ServerError | null = null;

  constructor(
    private readonly socket: Socket,
    hello: Hello,
    private readonly timers: Timers,
    private readonly listener: Listener,
  ) {
    this.lastFrameAt = timers.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (this.state === "calling") socket.send(encode(hello));
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      this.end(this.outcome(code, reason));
    };
    this.stopAlarm = timers.after(GREETING_LIMIT, () => {
      this.drop(`no answer within ${GREETING_LIMIT / 1000} s`);
    });
  }

  /** Whether the server had welcomed us. */
  get wasOpen(): boolean {
    return this.welcomed;
  }

  /** Send, if the line is open and not stuck; says whether it went out. */
  send(message: Message): boolean {
    if (this.state !== "open" || this.socket.bufferedAmount > MOST_UNSENT) return false;
    this.socket.send(encode(message));
    return true;
  }

  /** Say goodbye and hang up; the listener hears no more of it. */
  hangUp(reason: string): void {
    if (this.state === "open") this.socket.send(encode({ kind: "bye", reason }));
    this.silence();
    this.socket.close(GOING_AWAY_CODE, reason.slice(0, 100));
  }

  private receive(data: unknown): void {
    if (this.state === "ended") return;
    let message: Message;
    try {
      if (!(data instanceof ArrayBuffer)) {
        throw new ProtocolError(
          "text_frame",
          "a WebSocket text message",
          "the gateway sends binary messages",
        );
      }
      message = decode(data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.listener.complaint(error.code, error.message);
      return;
    }
    this.take(message);
  }

  private take(message: Message): void {
    switch (message.kind) {
      case "welcome":
        if (this.state !== "calling") return;
        this.state = "open";
        this.welcomed = true;
        this.lastFrameAt = this.timers.now();
        this.watch();
        this.listener.welcomed(message);
        return;
      case "agent_frame":
        this.lastFrameAt = this.timers.now();
        if (this.state === "open") this.listener.frame(message);
        return;
      case "event":
        if (this.state === "open") this.listener.event(message);
        return;
      case "error":
        if (message.fatal) this.refusal = message;
        else this.listener.complaint(message.code, message.message);
        return;
      case "bye":
        this.goodbye = message.reason;
        return;
      default:
        this.listener.complaint("unexpected", `a ${message.kind} message from the server`);
    }
  }

  private watch(): void {
    this.stopAlarm();
    const left = this.lastFrameAt + SILENCE_LIMIT - this.timers.now();
    if (left <= 0) {
      this.drop(`nothing came for ${SILENCE_LIMIT / 1000} s`);
      return;
    }
    this.stopAlarm = this.timers.after(left, () => {
      this.watch();
    });
  }

  private outcome(code: number, reason: string): Ending {
    if (this.refusal !== null) return { kind: "refused", error: this.refusal };
    if (this.goodbye !== null) return { kind: "said_goodbye", reason: this.goodbye };
    return { kind: "dropped", why: reason === "" ? `closed with code ${code}` : reason };
  }

  private drop(why: string): void {
    this.end(this.refusal === null ? { kind: "dropped", why } : { kind: "refused", error: this.refusal });
    this.socket.close();
  }

  private end(ending: Ending): void {
    if (this.state === "ended") return;
    this.silence();
    this.listener.ended(ending);
  }

  private silence(): void {
    this.state = "ended";
    this.stopAlarm();
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
  }
}
