import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DROPPED, FULL, wait } from "../../src/conversation/backoff.ts";
import { Captions } from "../../src/conversation/captions.ts";
import { QualityMeter } from "../../src/conversation/quality.ts";
import { readOptions } from "../../src/conversation/server-options.ts";
import { Uplink } from "../../src/conversation/uplink.ts";
import { event, HandTimers } from "./world.ts";

describe("waits between tries", () => {
  test("grow, within their bounds, and come to an end", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(DROPPED, FULL),
        fc.nat(200),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (backoff, attempt, random) => {
          const ms = wait(backoff, attempt, random);
          if (attempt >= backoff.tries) expect(ms).toBeNull();
          else {
            expect(ms).toBeGreaterThanOrEqual(backoff.first * (1 - backoff.jitter));
            expect(ms).toBeLessThanOrEqual(backoff.longest * (1 + backoff.jitter));
          }
        },
      ),
    );
  });

  test.each([
    ["a dropped line about two minutes", DROPPED, 90, 180],
    ["a full server about ten", FULL, 480, 720],
  ] as const)("%s in all", (_, backoff, least, most) => {
    let seconds = 0;
    for (let n = 0; n < backoff.tries; n += 1) seconds += (wait(backoff, n, 0.5) ?? 0) / 1000;
    expect(seconds).toBeGreaterThan(least);
    expect(seconds).toBeLessThan(most);
  });
});

describe("captions", () => {
  function after(...events: Parameters<typeof event>[]): Captions {
    const captions = new Captions();
    for (const each of events) captions.apply(event(...each));
    return captions;
  }

  test("a partial transcript is replaced by the next and by the final one", () => {
    const captions = after(
      ["partial_transcript", { text: "what" }],
      ["partial_transcript", { text: "what is" }],
    );
    expect(captions.list).toMatchObject([{ speaker: "user", text: "what is", final: false }]);
    captions.apply(event("final_transcript", { text: "What is it?", language: "en" }));
    expect(captions.list).toMatchObject([{ text: "What is it?", final: true, typed: false }]);
  });

  test("a turn in which nothing was understood leaves nothing behind", () => {
    const captions = after(
      ["partial_transcript", { text: "uh" }],
      ["nothing_heard", { rejected: "silence" }],
    );
    expect(captions.list).toEqual([]);
  });

  test("what is typed while somebody speaks keeps both", () => {
    const captions = after(
      ["partial_transcript", { text: "I wonder" }],
      ["final_transcript", { text: "typed", typed: true }],
      ["final_transcript", { text: "I wonder." }],
    );
    expect(captions.list).toMatchObject([
      { text: "I wonder.", typed: false, final: true },
      { text: "typed", typed: true },
    ]);
  });

  test("a reply grows by clauses and is final once it has been heard", () => {
    const captions = after(["reply_text", { text: "One," }, 3], ["reply_text", { text: "two." }, 3]);
    expect(captions.list).toMatchObject([{ speaker: "agent", text: "One, two.", final: false }]);
    captions.apply(event("reply_heard", { text: "One, two.", interrupted: false }, 3));
    expect(captions.list).toMatchObject([{ text: "One, two.", final: true, interrupted: false }]);
  });

  test("code stands by itself with its lines, beside what is said for it, and outlives an interruption", () => {
    const code = "```\nfor x in y:\n    z\n```";
    const captions = after(
      ["reply_text", { text: "Here." }, 3],
      ["reply_text", { text: code, kind: "code", said: "It's on screen." }, 3],
      ["reply_text", { text: "Thoughts", kind: "other_language", said: "" }, 3],
      ["reply_heard", { text: "Here.", interrupted: true }, 3],
    );
    expect(captions.list.map((caption) => caption.text)).toEqual(["Here.", code, "Thoughts"]);
  });

  test("an interrupted reply is cut to what was heard", () => {
    const captions = after(["reply_text", { text: "One, two, three." }, 3], ["interrupted", {}, 3]);
    expect(captions.list).toMatchObject([{ interrupted: true, final: true }]);
    captions.apply(event("reply_heard", { text: "One, two,", interrupted: true }, 3));
    expect(captions.list).toMatchObject([{ text: "One, two,", interrupted: true }]);
  });

  test("a reply of which nothing was heard disappears", () => {
    const captions = after(
      ["reply_text", { text: "One." }, 3],
      ["interrupted", {}, 3],
      ["reply_heard", { text: "", interrupted: true }, 3],
    );
    expect(captions.list).toEqual([]);
  });

  test("two replies of the same number on two lines stay two", () => {
    const captions = after(["reply_text", { text: "Before." }, 1]);
    captions.lineLost();
    captions.apply(event("reply_text", { text: "After." }, 1));
    expect(captions.list.map(({ text }) => text)).toEqual(["Before.", "After."]);
  });

  test("are bounded, whatever comes", () => {
    const types = fc.constantFrom(
      "partial_transcript",
      "final_transcript",
      "nothing_heard",
      "reply_text",
      "interrupted",
      "reply_heard",
      "floor",
      "other",
    );
    const data = fc.record(
      { text: fc.oneof(fc.string(), fc.integer()), typed: fc.boolean() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(types, data, fc.nat(20)), { maxLength: 600 }), (events) => {
        const captions = after(...events);
        expect(captions.list.length).toBeLessThanOrEqual(200);
        expect(new Set(captions.list.map(({ id }) => id)).size).toBe(captions.list.length);
        const history = captions.history(4000);
        expect(history.length).toBeLessThanOrEqual(40);
        expect(JSON.stringify(history).length).toBeLessThan(4100);
      }),
      { numRuns: 50 },
    );
  });
});

describe("quality", () => {
  function meter(jitter: number, trip: number, lateEvery = 0): QualityMeter {
    const quality = new QualityMeter();
    for (let pts = 0; pts < 200; pts += 1) {
      quality.sent(pts, pts * 40);
      const answered = pts - Math.ceil(trip / 40);
      const now = answered >= 0 ? answered * 40 + trip : pts * 40;
      quality.received(
        pts,
        Math.max(-1, answered),
        now + (pts % 2) * jitter,
        lateEvery > 0 && pts % lateEvery === 0,
      );
    }
    return quality;
  }

  test.each([
    ["good", 5, 100, 0],
    ["fair", 60, 100, 0],
    ["fair", 5, 500, 0],
    ["poor", 5, 100, 10],
    ["poor", 200, 100, 0],
  ] as const)(
    "is %s with a jitter of %i ms, a round trip of %i ms, one of %i late",
    (level, jitter, trip, late) => {
      const read = meter(jitter, trip, late).read(60);
      expect(read.level).toBe(level);
      expect(read.buffer).toBe(60);
      expect(Math.abs((read.roundTrip ?? 0) - trip)).toBeLessThan(jitter + 1);
    },
  );

  test("is unknown before anything came", () => {
    expect(new QualityMeter().read(0).level).toBe("unknown");
  });
});

test("a page that slept makes up for a second of silence at most", () => {
  const timers = new HandTimers();
  const sent: number[] = [];
  const uplink = new Uplink(
    timers,
    () => true,
    (pts) => sent.push(pts),
  );
  uplink.start();
  timers.pass(400);
  expect(sent.length).toBe(11);
  uplink.stop();
  timers.pass(60_000);
  expect(sent.length).toBe(11);
});

describe("options", () => {
  test("are read with what a later server may add", () => {
    const raw = {
      version: 1,
      persona: "mira",
      personas: [
        { name: "mira", title: "Mira", detail: "d", voice: "joe", head: "mira", language: "en", more: 1 },
      ],
      voices: [{ name: "joe" }],
      heads: { mira: "/heads/mira.glb" },
      light_heads: { mira: "/heads/mira-light.glb" },
      recording: true,
    };
    expect(readOptions(raw)).toEqual({
      persona: "mira",
      personas: [{ name: "mira", title: "Mira", detail: "d", voice: "joe", head: "mira" }],
      voices: [{ name: "joe", title: "joe", detail: "" }],
      heads: { mira: "/heads/mira.glb" },
      lightHeads: { mira: "/heads/mira-light.glb" },
      recording: true,
    });
  });

  test.each([
    [null],
    [{}],
    [{ persona: "x", personas: "none" }],
    [{ persona: "x", personas: [], heads: { a: 1 } }],
    [{ persona: "x", personas: [], light_heads: { a: 1 } }],
  ])("that are no options are refused: %j", (raw) => {
    expect(() => readOptions(raw)).toThrow();
  });
});
