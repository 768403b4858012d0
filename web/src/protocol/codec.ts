/**
 * Messages to bytes and back. Every message is one binary WebSocket message: a 12-byte little-endian header (kind u8,
 * version u8, flags u16, pts u32, generation u32), then a payload that the kind determines.
 */

import { ProtocolError } from "./error.ts";
import { readBye, readError, readEvent, readHello, readUserText, readWelcome, toJson } from "./json.ts";
import { AGENT_FRAME_SAMPLES, MOTION_SIZE, USER_FRAME_SAMPLES } from "./media.ts";
import { type AgentFrame, type JsonMessage, type MediaMessage, type Message, VERSION } from "./messages.ts";

const KIND = {
  hello: 0x01,
  user_audio: 0x02,
  played: 0x03,
  user_text: 0x04,
  user_motion: 0x05,
  bye: 0x06,
  welcome: 0x81,
  agent_frame: 0x82,
  event: 0x83,
  error: 0x84,
} as const satisfies Record<Message["kind"], number>;

const HEADER_BYTES = 12;
const USER_PTS_BYTES = 4;
const MOTION_BYTES = MOTION_SIZE * 4; // 244
const AGENT_AUDIO_BYTES = AGENT_FRAME_SAMPLES * 2; // 1,920
const AGENT_FRAME_BYTES = USER_PTS_BYTES + MOTION_BYTES + AGENT_AUDIO_BYTES;
const FLAG_SPEECH = 1;
const FLAG_FLUSH = 2;

const JSON_READERS = new Map<number, (raw: unknown) => JsonMessage>([
  [KIND.hello, readHello],
  [KIND.welcome, readWelcome],
  [KIND.user_text, readUserText],
  [KIND.bye, readBye],
  [KIND.event, readEvent],
  [KIND.error, readError],
]);

/** One message as bytes. Raises `ProtocolError` for media of a wrong size. */
export function encode(message: Message): Uint8Array<ArrayBuffer> {
  switch (message.kind) {
    case "user_audio":
      requireLength("UserAudio", message.pcm.length, USER_FRAME_SAMPLES, "samples");
      return media(message, [message.pcm], 0);
    case "played":
      return media(message, [], 0);
    case "user_motion":
      requireLength("UserMotion", message.motion.length, MOTION_SIZE, "values");
      return media(message, [message.motion], 0);
    case "agent_frame": {
      requireLength("AgentFrame", message.pcm.length, AGENT_FRAME_SAMPLES, "samples");
      requireLength("AgentFrame", message.motion.length, MOTION_SIZE, "values");
      const flags = (message.speech ? FLAG_SPEECH : 0) | (message.flush ? FLAG_FLUSH : 0);
      return media(message, [Int32Array.of(message.userPts), message.motion, message.pcm], flags);
    }
    case "hello":
    case "welcome":
    case "user_text":
    case "bye":
    case "event":
    case "error": {
      const payload = new TextEncoder().encode(JSON.stringify(toJson(message)));
      const bytes = new Uint8Array(HEADER_BYTES + payload.length);
      header(new DataView(bytes.buffer), KIND[message.kind], 0, 0, 0);
      bytes.set(payload, HEADER_BYTES);
      return bytes;
    }
  }
}

/** The message in `data`; raises `ProtocolError` naming what is wrong and the way out. */
export function decode(data: ArrayBuffer | Uint8Array): Message {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  if (bytes.length < HEADER_BYTES) {
    throw new ProtocolError(
      "too_short",
      `a message of ${bytes.length} bytes`,
      `every message starts with a ${HEADER_BYTES}-byte header`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(0);
  const version = view.getUint8(1);
  if (version !== VERSION) {
    throw new ProtocolError("version", `protocol version ${version}`, `this side speaks version ${VERSION}`);
  }
  const pts = view.getUint32(4, true);
  const generation = view.getUint32(8, true);
  const payload = bytes.subarray(HEADER_BYTES);
  const readJson = JSON_READERS.get(kind);
  if (readJson !== undefined) return readJson(parse(payload));
  switch (kind) {
    case KIND.user_audio:
      expectBytes("UserAudio", payload, USER_FRAME_SAMPLES * 2);
      return { kind: "user_audio", pts, generation, pcm: readPcm(view, HEADER_BYTES, USER_FRAME_SAMPLES) };
    case KIND.played:
      expectBytes("Played", payload, 0);
      return { kind: "played", pts, generation };
    case KIND.user_motion:
      expectBytes("UserMotion", payload, MOTION_BYTES);
      return { kind: "user_motion", pts, generation, motion: readMotion(view, HEADER_BYTES) };
    case KIND.agent_frame:
      return readAgentFrame(view, payload, pts, generation);
    default:
      throw new ProtocolError(
        "unknown_kind",
        `message kind 0x${kind.toString(16).padStart(2, "0")}`,
        "see docs/protocol.md for the kinds",
      );
  }
}

function readAgentFrame(view: DataView, payload: Uint8Array, pts: number, generation: number): AgentFrame {
  expectBytes("AgentFrame", payload, AGENT_FRAME_BYTES);
  const flags = view.getUint16(2, true);
  const motionAt = HEADER_BYTES + USER_PTS_BYTES;
  return {
    kind: "agent_frame",
    pts,
    generation,
    userPts: view.getInt32(HEADER_BYTES, true),
    speech: (flags & FLAG_SPEECH) !== 0,
    flush: (flags & FLAG_FLUSH) !== 0,
    motion: readMotion(view, motionAt),
    pcm: readPcm(view, motionAt + MOTION_BYTES, AGENT_FRAME_SAMPLES),
  };
}

function header(view: DataView, kind: number, flags: number, pts: number, generation: number): void {
  view.setUint8(0, kind);
  view.setUint8(1, VERSION);
  view.setUint16(2, flags, true);
  view.setUint32(4, pts, true);
  view.setUint32(8, generation, true);
}

function media(
  message: MediaMessage,
  parts: readonly (Int16Array | Int32Array | Float32Array)[],
  flags: number,
): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.byteLength, HEADER_BYTES);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  header(view, KIND[message.kind], flags, message.pts, message.generation);
  let at = HEADER_BYTES;
  for (const part of parts) {
    for (const value of part) {
      if (part instanceof Int16Array) view.setInt16(at, value, true);
      else if (part instanceof Int32Array) view.setInt32(at, value, true);
      else view.setFloat32(at, value, true);
      at += part.BYTES_PER_ELEMENT;
    }
  }
  return bytes;
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError("bad_payload", `a payload that isn't UTF-8 JSON: ${why}`, "send JSON");
  }
}

function readPcm(view: DataView, at: number, samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => view.getInt16(at + 2 * i, true));
}

function readMotion(view: DataView, at: number): Float32Array {
  const motion = new Float32Array(MOTION_SIZE);
  for (let i = 0; i < MOTION_SIZE; i += 1) {
    const value = view.getFloat32(at + 4 * i, true);
    if (!Number.isFinite(value)) {
      throw new ProtocolError("bad_motion", `motion value ${i} is ${value}`, "send finite numbers");
    }
    motion[i] = value;
  }
  return motion;
}

function expectBytes(name: string, payload: Uint8Array, size: number): void {
  if (payload.length !== size) {
    throw new ProtocolError(
      "bad_size",
      `${name} with a payload of ${payload.length} bytes`,
      `send ${size} bytes`,
    );
  }
}

function requireLength(name: string, length: number, wanted: number, what: string): void {
  if (length !== wanted) {
    throw new ProtocolError("bad_size", `${name} with ${length} ${what}`, `give it ${wanted}`);
  }
}
