/** The JSON messages' fields, as they are named on the wire. */

import { asText, Fields } from "./fields.ts";
import {
  type Bye,
  type Hello,
  type HistoryEntry,
  type JsonMessage,
  MAX_HISTORY,
  MAX_HISTORY_CHARACTERS,
  MAX_TEXT_CHARACTERS,
  type ServerError,
  type ServerEvent,
  type UserText,
  VERSION,
  type Welcome,
} from "./messages.ts";

const NAME = { max: 200 };
const LANGUAGE = { max: 35 };

/** A message's payload, ready for `JSON.stringify`. */
export function toJson(message: JsonMessage): Record<string, unknown> {
  switch (message.kind) {
    case "hello":
      return {
        version: message.version,
        client: message.client,
        acknowledges: message.acknowledges,
        consents_to_recording: message.consentsToRecording,
        seed: message.seed,
        persona: message.persona,
        voice: message.voice,
        language: message.language,
        resume: message.resume,
        history: message.history.map(({ role, text, interrupted }) => ({ role, text, interrupted })),
      };
    case "welcome":
      return {
        version: message.version,
        session: message.session,
        fps: message.fps,
        user_sample_rate: message.userSampleRate,
        agent_sample_rate: message.agentSampleRate,
        motion_names: message.motionNames,
        persona: message.persona,
        recording: message.recording,
        max_seconds: message.maxSeconds,
        max_message_bytes: message.maxMessageBytes,
        voice: message.voice,
        head: message.head,
        language: message.language,
        language_problem: message.languageProblem,
        resume: message.resume,
        resumed: message.resumed,
        resume_within_s: message.resumeWithinSeconds,
      };
    case "user_text":
    case "bye":
    case "event":
    case "error": {
      const { kind: _, ...fields } = message;
      return fields;
    }
  }
}

export function readHello(raw: unknown): Hello {
  const fields = new Fields("Hello", raw);
  const message: Hello = {
    kind: "hello",
    version: fields.whole("version", VERSION),
    client: fields.text("client", "", NAME),
    acknowledges: fields.flag("acknowledges", true),
    consentsToRecording: fields.flag("consents_to_recording", false),
    seed: fields.optionalWhole("seed", { min: 0, max: 2 ** 31 - 1 }),
    persona: fields.optionalText("persona", NAME),
    voice: fields.optionalText("voice", NAME),
    language: fields.optionalText("language", LANGUAGE),
    resume: fields.optionalText("resume", NAME),
    history: fields.list("history", readHistoryEntry, [], MAX_HISTORY),
  };
  fields.end();
  return message;
}

function readHistoryEntry(raw: unknown): HistoryEntry {
  const fields = new Fields("Hello.history", raw);
  const entry: HistoryEntry = {
    role: fields.oneOf("role", ["user", "agent"]),
    text: fields.text("text", undefined, { max: MAX_HISTORY_CHARACTERS }),
    interrupted: fields.flag("interrupted", false),
  };
  fields.end();
  return entry;
}

export function readWelcome(raw: unknown): Welcome {
  const fields = new Fields("Welcome", raw);
  const message: Welcome = {
    kind: "welcome",
    version: fields.whole("version"),
    session: fields.text("session"),
    fps: fields.whole("fps"),
    userSampleRate: fields.whole("user_sample_rate"),
    agentSampleRate: fields.whole("agent_sample_rate"),
    motionNames: fields.list("motion_names", asText),
    persona: fields.text("persona"),
    recording: fields.flag("recording"),
    maxSeconds: fields.number("max_seconds"),
    maxMessageBytes: fields.whole("max_message_bytes"),
    voice: fields.text("voice", ""),
    head: fields.text("head", ""),
    language: fields.text("language", ""),
    languageProblem: fields.text("language_problem", ""),
    resume: fields.text("resume", ""),
    resumed: fields.oneOf("resumed", ["no", "memory", "history"], "no"),
    resumeWithinSeconds: fields.number("resume_within_s", 0),
  };
  fields.end();
  return message;
}

export function readUserText(raw: unknown): UserText {
  const fields = new Fields("UserText", raw);
  const text = fields.text("text", undefined, { min: 1, max: MAX_TEXT_CHARACTERS });
  fields.end();
  return { kind: "user_text", text };
}

export function readBye(raw: unknown): Bye {
  const fields = new Fields("Bye", raw);
  const reason = fields.text("reason", "", { max: 500 });
  fields.end();
  return { kind: "bye", reason };
}

export function readEvent(raw: unknown): ServerEvent {
  const fields = new Fields("Event", raw);
  const message: ServerEvent = {
    kind: "event",
    pts: fields.whole("pts", undefined, { min: 0 }),
    t: fields.number("t", undefined, { min: 0 }),
    type: fields.text("type"),
    generation: fields.whole("generation", undefined, { min: 0 }),
    data: fields.object("data", {}),
  };
  fields.end();
  return message;
}

export function readError(raw: unknown): ServerError {
  const fields = new Fields("Error", raw);
  const message: ServerError = {
    kind: "error",
    code: fields.text("code"),
    message: fields.text("message"),
    remedy: fields.text("remedy"),
    fatal: fields.flag("fatal", false),
  };
  fields.end();
  return message;
}
