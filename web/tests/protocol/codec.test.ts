import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/error.ts";
import { toJson } from "../../src/protocol/json.ts";
import type { Message } from "../../src/protocol/messages.ts";
import golden from "./golden.json";

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const name = fc.option(fc.string({ maxLength: 60 }), { nil: null });
const pcm = (samples: number) => fc.int16Array({ minLength: samples, maxLength: samples });
const motion = fc.float32Array({ minLength: 61, maxLength: 61, noNaN: true, noDefaultInfinity: true });
const data = fc.dictionary(
  fc.string().filter((key) => key !== "__proto__"),
  fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.integer()),
);
const text = fc.string({ minLength: 1, maxLength: 200 });

const MESSAGES: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant("hello" as const),
    version: fc.constant(1),
    client: fc.string({ maxLength: 200 }),
    acknowledges: fc.boolean(),
    consentsToRecording: fc.boolean(),
    seed: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { nil: null }),
    persona: name,
    voice: name,
    language: fc.constantFrom(null, "de", "pt-BR"),
    resume: name,
    history: fc.array(
      fc.record({
        role: fc.constantFrom("user" as const, "agent" as const),
        text,
        interrupted: fc.boolean(),
      }),
      { maxLength: 40 },
    ),
  }),
  fc.record({
    kind: fc.constant("welcome" as const),
    version: fc.integer(),
    session: fc.string(),
    fps: fc.integer(),
    userSampleRate: fc.integer(),
    agentSampleRate: fc.integer(),
    motionNames: fc.array(fc.string()),
    persona: fc.string(),
    recording: fc.boolean(),
    maxSeconds: fc.integer({ min: 0, max: 10_000 }),
    maxMessageBytes: fc.integer(),
    voice: fc.string(),
    head: fc.string(),
    language: fc.string(),
    languageProblem: fc.string(),
    resume: fc.string(),
    resumed: fc.constantFrom("no" as const, "memory" as const, "history" as const),
    resumeWithinSeconds: fc.integer({ min: 0, max: 1000 }),
  }),
  fc.record({ kind: fc.constant("user_audio" as const), pts: u32, generation: u32, pcm: pcm(640) }),
  fc.record({ kind: fc.constant("played" as const), pts: u32, generation: u32 }),
  fc.record({ kind: fc.constant("user_text" as const), text }),
  fc.record({ kind: fc.constant("user_motion" as const), pts: u32, generation: u32, motion }),
  fc.record({
    kind: fc.constant("agent_frame" as const),
    pts: u32,
    generation: u32,
    userPts: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    speech: fc.boolean(),
    flush: fc.boolean(),
    motion,
    pcm: pcm(960),
  }),
  fc.record({
    kind: fc.constant("event" as const),
    pts: u32,
    t: fc.integer({ min: 0, max: 10_000 }),
    type: fc.string(),
    generation: u32,
    data,
  }),
  fc.record({
    kind: fc.constant("error" as const),
    code: fc.string(),
    message: fc.string(),
    remedy: fc.string(),
    fatal: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("bye" as const), reason: fc.string({ maxLength: 200 }) }),
);

const HEADER = [0x82, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

function codeOf(bytes: readonly number[]): string {
  try {
    decode(Uint8Array.from(bytes));
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return "decoded";
}

function withJson(kind: number, value: unknown): number[] {
  return [kind, 1, ...HEADER.slice(2), ...new TextEncoder().encode(JSON.stringify(value))];
}

test("every message comes back from its bytes as it was", () => {
  fc.assert(
    fc.property(MESSAGES, (message) => {
      expect(decode(encode(message))).toEqual(message);
    }),
  );
});

test("whatever bytes come, decoding gives a message or says what is wrong", () => {
  const kinds = fc.constantFrom(1, 2, 3, 4, 5, 6, 0x81, 0x82, 0x83, 0x84);
  const framed = fc.tuple(kinds, fc.uint8Array({ maxLength: 2300 })).map(([kind, rest]) => {
    const bytes = new Uint8Array(2 + rest.length);
    bytes.set([kind, 1]);
    bytes.set(rest, 2);
    return bytes;
  });
  const json = fc
    .tuple(kinds, fc.json())
    .map(([kind, text]) => Uint8Array.from(withJson(kind, JSON.parse(text))));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), framed, json), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        expect((error as ProtocolError).remedy).not.toBe("");
      }
    }),
    { numRuns: 500 },
  );
});

test("a message inside a larger buffer is read from its own place", () => {
  const bytes = encode({ kind: "played", pts: 5, generation: 2 });
  const larger = new Uint8Array(bytes.length + 9);
  larger.set(bytes, 3);
  expect(decode(larger.subarray(3, 3 + bytes.length))).toEqual({ kind: "played", pts: 5, generation: 2 });
});

describe("the bytes that the server's codec made", () => {
  for (const entry of golden) {
    test(`mean the same here: ${entry.kind} ${JSON.stringify(entry.fields).slice(0, 40)}`, () => {
      const bytes = Uint8Array.from(entry.bytes.match(/../g) ?? [], (pair) => parseInt(pair, 16));
      const message = decode(bytes);
      expect(described(message)).toEqual(entry.fields);
      expect(decode(encode(message))).toEqual(message);
      if ("pts" in message && message.kind !== "event") expect(encode(message)).toEqual(bytes);
    });
  }
});

function described(message: Message): Record<string, unknown> {
  if (!("pts" in message) || message.kind === "event") return toJson(message);
  const { kind: _, ...fields } = message;
  const named: Record<string, unknown> = { ...fields };
  if ("userPts" in named) {
    named["user_pts"] = named["userPts"];
    delete named["userPts"];
  }
  for (const [field, value] of Object.entries(named)) {
    if (value instanceof Int16Array || value instanceof Float32Array) named[field] = [...value];
  }
  return named;
}

describe("what is wrong is named", () => {
  test.each([
    ["too_short", [1, 2, 3]],
    ["version", [1, 9, ...HEADER.slice(2)]],
    ["unknown_kind", [0x7f, 1, ...HEADER.slice(2)]],
    ["bad_size", [...HEADER, 1, 2, 3]],
    ["bad_payload", [0x06, 1, ...HEADER.slice(2), 0xff]],
    ["bad_payload", withJson(0x06, { reason: 3 })],
    ["bad_payload", withJson(0x06, { reason: "x", more: 1 })],
    ["bad_payload", withJson(0x04, { text: "" })],
    ["bad_payload", withJson(0x04, [])],
    ["bad_payload", withJson(0x01, { seed: -1 })],
    ["bad_payload", withJson(0x01, { history: [{ role: "nobody", text: "x" }] })],
    ["decoded", withJson(0x01, {})],
  ])("%s", (code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test("a motion that isn't a number, by its place", () => {
    const frame = encode({
      kind: "user_motion",
      pts: 0,
      generation: 0,
      motion: new Float32Array(61).fill(0),
    });
    new DataView(frame.buffer).setFloat32(12 + 4 * 17, NaN, true);
    expect(() => decode(frame)).toThrow("motion value 17 is NaN; send finite numbers");
  });

  test("an unknown field, by its name", () => {
    expect(() => decode(Uint8Array.from(withJson(0x06, { why: "x" })))).toThrow('Bye: unknown field "why"');
  });

  test("sound of a wrong length, before it is sent", () => {
    expect(() => encode({ kind: "user_audio", pts: 0, generation: 0, pcm: new Int16Array(3) })).toThrow(
      "UserAudio with 3 samples; give it 640",
    );
  });
});
