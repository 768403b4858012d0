import { expect, test } from "vitest";
import { Instruments } from "../../src/instruments/instruments.ts";
import { Ring } from "../../src/instruments/ring.ts";

test("a ring keeps the newest rows in their order", () => {
  const ring = new Ring(2, 3);
  for (let n = 0; n < 5; n += 1) ring.push(n, 10 * n);
  ring.amend(1, 99);
  expect(ring.rows()).toEqual([
    [2, 20],
    [3, 30],
    [4, 99],
  ]);
  expect(ring.count).toBe(5);
});

test("a snapshot is plain JSON of what was drawn and what sounded, from a moment on", () => {
  const instruments = new Instruments();
  instruments.drawn(10, -1, 0, "idle", 0);
  instruments.drawn(26, 4.5, 0.3, "motion", 0.2);
  instruments.cost(3.5);
  instruments.sounded(4, 1.25, 20, 0.1, 60);
  instruments.mark("flush", 30);
  instruments.counts.flushes += 1;
  const snapshot = instruments.snapshot(20);
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  expect(snapshot.drawn).toEqual([
    { time: 26, position: 4.5, jawOpen: 0.3, source: "motion", cost: 3.5, moved: 0.2 },
  ]);
  expect(snapshot.sounded).toEqual([{ pts: 4, context: 1.25, time: 20, rms: 0.1, wait: 60 }]);
  expect(snapshot.marks).toEqual([{ kind: "flush", time: 30 }]);
  expect(snapshot.counts).toMatchObject({ drawn: 2, flushes: 1 });
  expect(instruments.snapshot().drawn[0]).toMatchObject({ source: "idle", cost: null });
});

test("an onset at the microphone is marked once, and again only after a silence", () => {
  const instruments = new Instruments();
  for (const [time, level] of [
    [0, 0.001],
    [40, 0.1],
    [80, 0.2],
    [120, 0.001],
    [360, 0.1],
    [900, 0.1],
  ] as const) {
    instruments.spoken(level, time);
  }
  expect(instruments.snapshot().marks).toEqual([
    { kind: "loud", time: 40 },
    { kind: "loud", time: 900 },
  ]);
});
