/** The line to the server through all its connections: greets, resumes, waits and tries again, gives up and says so. */

import type { Instruments } from "../instruments/instruments.ts";
import type { AgentFrame, Hello, Message, ServerEvent, Welcome } from "../protocol/messages.ts";
import { VERSION } from "../protocol/messages.ts";
import { DROPPED, FULL, wait, type Backoff } from "./backoff.ts";
import type { Captions } from "./captions.ts";
import { Connection, type Ending, type Listener, type Socket } from "./connection.ts";
import type { Phase, Problem, StartChoice } from "./contract.ts";
import { ended, RECONNECTING, refused, SERVER_FULL, STILL_FULL, UNREACHABLE } from "./problems.ts";
import type { Timers } from "./timers.ts";

const CLIENT = "visavis page";
const STABLE = 10_000; // ms of an open line after which the next failure counts as the first
const SPARE = 2048; // bytes of a Hello beside its history
const FIRST_GUESS = 32_768; // bytes that a server takes, before it has said

export interface LineEvents {
  phase(phase: Phase, problem: Problem | null): void;
  welcomed(welcome: Welcome): void;
  frame(frame: AgentFrame): void;
  event(event: ServerEvent): void;
  /** A connection that was open is no more. */
  lost(): void;
}

export interface LineSurroundings {
  readonly timers: Timers;
  readonly instruments: Instruments;
  random(): number;
  openSocket(): Socket;
}

export class Line {
  private connection: Connection | null = null;
  private choice: StartChoice | null = null;
  private token: string | null = null;
  private welcome: Welcome | null = null;
  private lastPts = -1;
  private readonly attempts = new Map<Backoff, number>();
  private stopStable: () => void = () => undefined;
  private stopRetry: () => void = () => undefined;
  private everOpen = false;
  private brokeOff = false; // the last conversation ended without anybody wanting it to

  constructor(
    private readonly around: LineSurroundings,
    private readonly captions: Captions,
    private readonly events: LineEvents,
  ) {}

  /** Call; says whether an earlier conversation, which broke off, goes on. */
  begin(choice: StartChoice): boolean {
    const before = this.choice;
    const goesOn =
      this.everOpen && this.brokeOff && before?.persona === choice.persona && before?.voice === choice.voice;
    this.hangUp("starting again");
    if (!goesOn) this.forget();
    this.choice = choice;
    this.brokeOff = false;
    this.attempts.clear();
    this.events.phase("connecting", null);
    this.call();
    return goesOn;
  }

  /** Say goodbye for good. */
  end(): void {
    this.hangUp("the person left");
    this.forget();
    this.events.phase("idle", null);
  }

  /** Whether the message went out. */
  send(message: Message): boolean {
    return this.connection?.send(message) ?? false;
  }

  private hangUp(reason: string): void {
    this.stopRetry();
    this.stopStable();
    this.connection?.hangUp(reason);
    this.connection = null;
  }

  private forget(): void {
    this.token = null;
    this.welcome = null;
    this.everOpen = false;
    this.brokeOff = false;
  }

  private call(): void {
    this.lastPts = -1;
    let socket: Socket;
    try {
      socket = this.around.openSocket();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.retry(DROPPED, UNREACHABLE);
      return;
    }
    const connection: Connection = new Connection(socket, this.hello(), this.around.timers, this.listener());
    this.connection = connection;
  }

  private listener(): Listener {
    return {
      welcomed: (welcome) => {
        this.opened(welcome);
      },
      frame: (frame) => {
        this.lastPts = frame.pts;
        this.events.frame(frame);
      },
      event: (event) => {
        this.events.event(event);
      },
      complaint: (code, message) => {
        console.warn(`visavis: ${code}: ${message}`);
      },
      ended: (ending) => {
        this.over(ending);
      },
    };
  }

  private hello(): Hello {
    const bytes = (this.welcome?.maxMessageBytes ?? FIRST_GUESS) - SPARE;
    return {
      kind: "hello",
      version: VERSION,
      client: CLIENT,
      acknowledges: true,
      consentsToRecording: this.choice?.consent ?? false,
      seed: null,
      persona: this.choice?.persona ?? null,
      voice: this.choice?.voice ?? null,
      language: null,
      resume: this.token,
      history: this.everOpen ? this.captions.history(bytes) : [],
    };
  }

  private opened(welcome: Welcome): void {
    if (this.everOpen) this.around.instruments.counts.reconnects += 1;
    this.around.instruments.mark("connected", this.around.timers.now());
    this.everOpen = true;
    this.welcome = welcome;
    this.token = welcome.resume === "" ? null : welcome.resume;
    this.stopStable = this.around.timers.after(STABLE, () => {
      this.attempts.clear();
    });
    this.events.phase("open", null);
    this.events.welcomed(welcome);
  }

  private over(ending: Ending): void {
    const wasOpen = this.connection?.wasOpen ?? false;
    this.connection = null;
    this.stopStable();
    if (wasOpen) {
      this.around.instruments.mark("lost", this.around.timers.now());
      this.events.lost();
    }
    switch (ending.kind) {
      case "dropped":
        this.retry(DROPPED, UNREACHABLE);
        return;
      case "refused":
        if (ending.error.code === "server_full") this.retry(FULL, STILL_FULL);
        else this.close(refused(ending.error.message, ending.error.remedy));
        return;
      case "said_goodbye":
        // A conversation that reached the longest time is over; any other goodbye is an accident of the line.
        if (this.reachedItsEnd()) {
          this.close(ended(ending.reason));
          this.forget();
        } else this.retry(DROPPED, UNREACHABLE);
    }
  }

  private reachedItsEnd(): boolean {
    const fps = this.welcome?.fps ?? 25;
    return (this.lastPts + 2) / fps >= (this.welcome?.maxSeconds ?? Infinity);
  }

  private retry(backoff: Backoff, givenUp: Problem): void {
    const attempt = this.attempts.get(backoff) ?? 0;
    this.attempts.set(backoff, attempt + 1);
    const ms = wait(backoff, attempt, this.around.random());
    if (ms === null) {
      this.close(givenUp);
      return;
    }
    const phase = this.everOpen ? "reconnecting" : "connecting";
    const problem = backoff === FULL ? SERVER_FULL : this.everOpen ? RECONNECTING : null;
    this.events.phase(phase, problem);
    this.stopRetry = this.around.timers.after(ms, () => {
      this.call();
    });
  }

  private close(problem: Problem): void {
    this.brokeOff = this.everOpen;
    this.events.phase("closed", problem);
  }
}
