import { describe, expect, test } from "vitest";
import { LONGEST_WAIT, Playout, START_WAIT } from "../../src/audio/playout.ts";
import type { Report } from "../../src/audio/reports.ts";

const RATE = 48_000;
const BLOCK = 128;
const LENGTH = 1920; // a frame at 48 kHz
type Frame = Extract<Report, { kind: "frame" }>;

/** A sender, a network and a sound card on one clock of context samples. */
class Line {
  readonly reports: Report[] = [];
  readonly sound: number[] = [];
  readonly playout: Playout;
  now = 0;
  private readonly hums = new Map<number, Int16Array>();

  constructor(readonly rate = RATE) {
    this.playout = new Playout(rate, (report) => this.reports.push(report));
  }

  get frames(): Frame[] {
    return this.reports.filter((report) => report.kind === "frame");
  }

  count(kind: Report["kind"]): number {
    return this.reports.filter((report) => report.kind === kind).length;
  }

  /** Play until `sample`, keeping the sound if asked. */
  runTo(sample: number, keep = true): void {
    const block = new Float32Array(BLOCK);
    while (this.now + BLOCK <= sample) {
      this.playout.render(block, this.now);
      if (keep) for (const value of block) this.sound.push(value);
      this.now += BLOCK;
    }
  }

  send(
    pts: number,
    level: number | ((n: number) => number),
    options: { generation?: number; flush?: boolean } = {},
  ): void {
    const at = typeof level === "number" ? () => level : level;
    const pcm = Int16Array.from({ length: 960 }, (_, n) => Math.round(32_767 * at(pts * 960 + n)));
    this.playout.push(
      { pts, generation: options.generation ?? 0, flush: options.flush ?? false, pcm },
      this.now,
    );
  }

  /** Frames 0..count-1, each due at its pts, arriving `late(pts)` seconds after; in order, as TCP gives them. */
  stream(
    count: number,
    level: (pts: number) => number,
    late: (pts: number) => number = () => 0,
    pace = 1,
  ): void {
    let previous = 0;
    for (let pts = 0; pts < count; pts += 1) {
      const due = pts * 0.04 * this.rate * pace + late(pts) * this.rate;
      previous = Math.max(previous, due);
      this.runTo(previous, false);
      this.playout.push({ pts, generation: 0, flush: false, pcm: this.hum(level(pts)) }, this.now);
    }
  }

  /** A frame of 200 Hz: whole periods, so that all frames of a level are the same. */
  private hum(level: number): Int16Array {
    const known = this.hums.get(level);
    if (known !== undefined) return known;
    const pcm = Int16Array.from(
      { length: 960 },
      (_, n) => 32_767 * level * Math.sin((2 * Math.PI * n) / 120),
    );
    this.hums.set(level, pcm);
    return pcm;
  }
}

const tone = (n: number) => 0.5 * Math.sin((2 * Math.PI * 300 * n) / 24_000);
/** Speech with a pause of .6 s after every 4.4 s. */
const talking = (pts: number) => (pts % 125 < 110 ? 0.4 : 0);

describe("a steady line", () => {
  test("is played without a gap, and every frame sounds where it is reported to", () => {
    const line = new Line();
    for (let pts = 0; pts < 50; pts += 1) {
      line.runTo(pts * LENGTH);
      line.send(pts, tone);
    }
    line.runTo(50 * LENGTH);
    expect(line.count("dry")).toBe(0);
    const frames = line.frames;
    expect(frames[0]?.wait).toBeCloseTo(1000 * START_WAIT, -1);
    const start = frames[0]?.sample ?? 0;
    for (const frame of frames) expect(frame.sample).toBe(start + frame.pts * LENGTH);
    let worst = 0;
    for (let n = start + 500; n < line.sound.length; n += 1) {
      const expected = 0.5 * Math.sin((2 * Math.PI * 300 * (n - start)) / RATE);
      worst = Math.max(worst, Math.abs((line.sound[n] ?? 0) - expected));
    }
    expect(worst).toBeLessThan(2e-3);
  });

  test("is played at 44.1 kHz as well", () => {
    const line = new Line(44_100);
    line.stream(100, talking);
    expect(line.count("dry")).toBe(0);
    expect(line.frames.every((frame) => frame.rms < 0.001 || frame.length === 1764)).toBe(true);
  });

  test("nothing sounds before anything came", () => {
    const line = new Line();
    line.runTo(RATE);
    expect(line.sound.every((value) => value === 0)).toBe(true);
    expect(line.reports).toEqual([]);
  });
});

describe("an uneven line", () => {
  test("with 5 % of the packets 300 ms late runs dry only until it knows", () => {
    const line = new Line();
    line.stream(1500, talking, (pts) => (pts % 20 === 19 ? 0.3 : 0));
    expect(line.count("dry")).toBeLessThanOrEqual(2);
    const lastDry = line.reports.findLastIndex((report) => report.kind === "dry");
    const framesBefore = line.reports.slice(0, lastDry).filter((report) => report.kind === "frame").length;
    expect(framesBefore).toBeLessThan(60);
    expect(line.frames.length).toBeGreaterThan(1480);
  });

  test("never has speech shortened or lengthened", () => {
    const line = new Line();
    line.stream(2500, talking, (pts) => (pts % 97 === 0 ? 0.21 : (pts % 7) * 0.004));
    const spoken = line.frames.filter((frame) => frame.rms > 0.01);
    expect(spoken.length).toBeGreaterThan(2000);
    expect(new Set(spoken.map((frame) => frame.length))).toEqual(new Set([LENGTH]));
    expect(new Set(line.frames.map((frame) => frame.length)).size).toBeGreaterThan(1);
  });

  test("that calms down is followed: the wait shrinks again in the pauses", () => {
    const line = new Line();
    line.stream(2000, talking, (pts) => (pts < 250 && pts % 20 === 19 ? 0.3 : 0));
    const waits = line.frames.map((frame) => frame.wait);
    expect(Math.min(...waits.slice(260, 300))).toBeGreaterThan(200);
    expect(Math.max(...waits.slice(-100))).toBeLessThan(60);
  });

  test("delays beyond the longest wait are heard as gaps, not waited for by all", () => {
    const line = new Line();
    line.stream(3000, talking, (pts) => (pts % 100 === 99 ? 0.9 : 0));
    const usual = line.frames.slice(-40, -5).map((frame) => frame.wait);
    expect(Math.min(...usual)).toBeLessThan(1000 * (LONGEST_WAIT + 0.55));
  });

  test("a burst of what was long held back is bounded", () => {
    const line = new Line();
    for (let pts = 0; pts < 400; pts += 1) line.send(pts, 0.3);
    expect(line.count("dropped")).toBe(350);
  });
});

describe("two clocks", () => {
  test.each([1 - 300e-6, 1 + 300e-6])(
    "20 minutes at %f of the pace: the wait stays what it was",
    (pace) => {
      const line = new Line(12_000);
      const jitter = (pts: number) => ((pts * 7919) % 10) * 0.001;
      line.stream(25 * 60 * 20, talking, jitter, pace);
      const waits = line.frames.map((frame) => frame.wait);
      const mean = (from: number) => waits.slice(from, from + 250).reduce((a, b) => a + b) / 250;
      expect(line.count("dry")).toBeLessThanOrEqual(1);
      expect(Math.abs(mean(2000) - mean(waits.length - 250))).toBeLessThan(10);
    },
    60_000,
  );
});

describe("giving way", () => {
  function interrupted(): Line {
    const line = new Line();
    for (let pts = 0; pts < 25; pts += 1) {
      line.runTo(pts * LENGTH);
      line.send(pts, tone, { generation: 1 });
    }
    line.send(25, tone, { generation: 1 });
    line.send(26, tone, { generation: 1 });
    line.runTo(25 * LENGTH + 700);
    line.send(27, 0, { generation: 2, flush: true });
    for (let pts = 28; pts < 60; pts += 1) {
      line.runTo(pts * LENGTH);
      line.send(pts, pts < 40 ? 0 : tone, { generation: 2 });
    }
    line.runTo(60 * LENGTH);
    return line;
  }

  test("what is queued of the old generation is silent within 10 ms", () => {
    const line = interrupted();
    const told = 25 * LENGTH + 640;
    const silent = line.sound.slice(told + 0.01 * RATE, told + 0.3 * RATE);
    expect(Math.max(...silent.map(Math.abs))).toBeLessThan(1e-6);
    expect(Math.max(...line.sound.slice(told - 500, told).map(Math.abs))).toBeGreaterThan(0.3);
    expect(
      line.reports.filter((report) => report.kind === "flushed").map(({ generation }) => generation),
    ).toEqual([2]);
  });

  test("without a click", () => {
    const line = interrupted();
    let steepest = 0;
    for (let n = 1; n < line.sound.length; n += 1) {
      steepest = Math.max(steepest, Math.abs((line.sound[n] ?? 0) - (line.sound[n - 1] ?? 0)));
    }
    expect(steepest).toBeLessThan(0.04); // the tone's own is 0.02
  });

  test("what was cancelled is reported as cut, and time goes on without a gap", () => {
    const line = interrupted();
    const cut = line.frames.filter((frame) => frame.cut).map((frame) => frame.pts);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.every((pts) => pts < 27)).toBe(true);
    expect(line.count("dry")).toBe(0);
    expect(line.frames.map((frame) => frame.pts)).toEqual(
      Array.from({ length: line.frames.length }, (_, n) => n),
    );
    expect(line.frames.find((frame) => frame.pts === 41)?.rms).toBeGreaterThan(0.2);
  });

  test("a frame of a cancelled generation that comes afterwards stays silent", () => {
    const line = new Line();
    line.send(0, 0, { generation: 5, flush: true });
    line.send(1, tone, { generation: 4 });
    line.runTo(LENGTH * 8);
    expect(line.frames.map((frame) => frame.cut)).toEqual([false, true]);
    expect(Math.max(...line.sound)).toBe(0);
  });
});

test("after a gap the sound dies away and comes back without a click", () => {
  const line = new Line();
  const edge = () => 0.5;
  for (let pts = 0; pts < 5; pts += 1) line.send(pts, edge);
  line.runTo(RATE);
  line.send(5, edge);
  line.runTo(RATE * 2);
  expect(line.count("dry")).toBe(2);
  let steepest = 0;
  for (let n = 1; n < line.sound.length; n += 1) {
    steepest = Math.max(steepest, Math.abs((line.sound[n] ?? 0) - (line.sound[n - 1] ?? 0)));
  }
  expect(steepest).toBeLessThan(0.06); // a bare step would be 0.25 and more
});

test("a new stream starts over from any pts, older sound fading out", () => {
  const line = new Line();
  for (let pts = 100; pts < 110; pts += 1) line.send(pts, tone, { generation: 3 });
  line.runTo(LENGTH * 4);
  line.playout.reset();
  const reset = line.now;
  line.send(0, 0);
  line.send(1, tone);
  line.runTo(LENGTH * 12);
  expect(line.frames.filter((frame) => frame.sample > reset).map((frame) => frame.pts)).toEqual([0, 1]);
  expect(Math.max(...line.sound.slice(reset + 480, reset + 2000).map(Math.abs))).toBeLessThan(2e-4); // -74 dB
});
