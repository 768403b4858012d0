import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Playhead, type Place } from "../../src/audio/playhead.ts";
import { SpeakerClock } from "../../src/audio/speaker-clock.ts";
import { ARTICULATORS, Column, SHAPES } from "../../src/motion/columns.ts";
import { Face } from "../../src/motion/face.ts";
import { IdleLife } from "../../src/motion/idle.ts";
import { MOTION_AT, MotionTimeline } from "../../src/motion/timeline.ts";

const FRAME = 1000 / 60; // ms of a display

function motion(jaw: number, yaw = 0): Float32Array {
  const values = new Float32Array(61);
  values[Column.jawOpen] = jaw;
  values[Column.headYaw] = yaw;
  return values;
}

const at = (position: number, live = true): Place => ({ position, live, generation: 1 });

describe("motion between two frames", () => {
  test("is each frame's own at its place and lies between the two after it", () => {
    const timeline = new MotionTimeline();
    const into = new Float32Array(61);
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (jaws) => {
          for (const [pts, jaw] of jaws.entries()) timeline.put(pts, motion(jaw));
          for (let pts = 1; pts < 4; pts += 1) {
            timeline.read(pts + MOTION_AT, into);
            expect(into[Column.jawOpen]).toBeCloseTo(jaws[pts] ?? NaN, 5);
            for (const share of [0.2, 0.5, 0.9]) {
              timeline.read(pts + MOTION_AT + share, into);
              const [a = 0, b = 0] = [jaws[pts], jaws[pts + 1]];
              expect(into[Column.jawOpen]).toBeGreaterThanOrEqual(Math.min(a, b) - 1e-6);
              expect(into[Column.jawOpen]).toBeLessThanOrEqual(Math.max(a, b) + 1e-6);
            }
          }
        },
      ),
    );
  });

  test("turns the head without corners", () => {
    const timeline = new MotionTimeline();
    for (let pts = 0; pts < 50; pts += 1) timeline.put(pts, motion(0, 0.2 * Math.sin(pts / 4)));
    const into = new Float32Array(61);
    let worst = 0;
    for (let position = 2; position < 45; position += 0.1) {
      timeline.read(position + MOTION_AT, into);
      worst = Math.max(worst, Math.abs((into[Column.headYaw] ?? 0) - 0.2 * Math.sin(position / 4)));
    }
    expect(worst).toBeLessThan(0.001);
  });

  test("waits at the last frame that is known, and is nowhere beyond it", () => {
    const timeline = new MotionTimeline();
    const into = new Float32Array(61);
    timeline.put(7, motion(0.5));
    expect(timeline.read(7.9, into)).toBe(true);
    expect(into[Column.jawOpen]).toBe(0.5);
    expect(timeline.read(8 + MOTION_AT, into)).toBe(false);
    expect(timeline.read(6, into)).toBe(false);
    timeline.put(7 + 256, motion(0.1));
    expect(timeline.read(7 + MOTION_AT, into)).toBe(false);
  });
});

describe("idle life", () => {
  function minutes(seed: number, count: number): Float32Array[] {
    const idle = new IdleLife(seed);
    return Array.from({ length: count * 3600 }, (_, n) => {
      const into = new Float32Array(61);
      idle.read(n * FRAME, into);
      return into;
    });
  }

  test("is the same for the same seed and another for another", () => {
    expect(minutes(3, 0.1)).toEqual(minutes(3, 0.1));
    expect(minutes(3, 0.1)).not.toEqual(minutes(4, 0.1));
  });

  test("never stands still, stays in range, and keeps the lips closed", () => {
    const life = minutes(1, 2);
    const yaws = life.map((face) => face[Column.headYaw]);
    expect(yaws.filter((yaw, n) => yaw === yaws[n - 1])).toEqual([]);
    expect(life.every((face) => face.every((value, i) => i >= SHAPES || (value >= 0 && value <= 1)))).toBe(
      true,
    );
    expect(life.every((face) => [...ARTICULATORS].every((i) => face[i] === 0))).toBe(true);
    expect(Math.max(...life.map((face) => Math.abs(face[Column.headYaw] ?? 9)))).toBeLessThan(0.15);
  });

  test("blinks as often as people do", () => {
    const lids = minutes(5, 10).map((face) => face[Column.eyeBlinkLeft] ?? 0);
    const blinks = lids.filter((lid, n) => lid > 0.5 && (lids[n - 1] ?? 0) <= 0.5).length / 10;
    expect(blinks).toBeGreaterThan(8);
    expect(blinks).toBeLessThan(22);
  });
});

/** A face drawn 60 times a second. */
class Screen {
  readonly timeline = new MotionTimeline();
  readonly face = new Face(this.timeline, 1);
  readonly into = new Float32Array(61);
  now = 0;

  draw(place: Place | null) {
    this.now += FRAME;
    return this.face.read(this.now, place, this.into);
  }

  get jaw(): number {
    return this.into[Column.jawOpen] ?? NaN;
  }

  /** Draw `ms` of a timeline on which the mouth stays open, from `position` on; returns where it got to. */
  speak(position: number, ms: number, jaw = 0.6): number {
    let place = position;
    for (let passed = 0; passed < ms; passed += FRAME) {
      for (let pts = Math.floor(place); pts < place + 3; pts += 1) this.timeline.put(pts, motion(jaw, 0.1));
      this.draw(at(place));
      place += FRAME / 40;
    }
    return place;
  }
}

describe("the drawn face", () => {
  test("moves also where it is drawn seldom and finds a jump each time", () => {
    const screen = new Screen();
    let position = 0;
    for (let n = 0; n < 8; n += 1) {
      for (let pts = position; pts < position + 4; pts += 1)
        screen.timeline.put(pts, motion(0.1 * n, 0.02 * n));
      screen.now += 300;
      const { moved } = screen.face.read(screen.now, at(position + 1), screen.into);
      if (n > 0) expect(moved).toBeGreaterThan(0.01);
      position += 20;
    }
  });

  test("is the motion at the loudspeaker while that goes on", () => {
    const screen = new Screen();
    const place = screen.speak(0, 1000);
    expect(screen.draw(at(place)).source).toBe("motion");
    expect(screen.jaw).toBeCloseTo(0.6);
  });

  test("rests within 100 ms when frames are missing, moves on, and comes back softly", () => {
    const screen = new Screen();
    const place = screen.speak(0, 1000);
    const heads: number[] = [];
    let last = screen.into[Column.headYaw] ?? 0;
    let steepest = 0;
    for (let n = 0; n < 60; n += 1) {
      screen.draw(at(place, false));
      const yaw = screen.into[Column.headYaw] ?? 0;
      steepest = Math.max(steepest, Math.abs(yaw - last));
      last = yaw;
      heads.push(yaw);
      if (n * FRAME > 45 + 100) expect(screen.jaw).toBeLessThan(0.02);
    }
    expect(heads.slice(4).every((yaw, n) => yaw !== heads[n + 3])).toBe(true);
    expect(steepest).toBeLessThan(0.005);
    screen.speak(place, 400);
    expect(screen.jaw).toBeCloseTo(0.6);
  });

  test("passes over a standstill of a moment", () => {
    const screen = new Screen();
    const place = screen.speak(0, 1000);
    screen.draw(at(place, false));
    expect(screen.draw(at(place, false)).source).toBe("motion");
  });

  test("has its mouth closed within 100 ms of a flush, whatever the frames say, until the server's is closed", () => {
    const screen = new Screen();
    let place = screen.speak(0, 1000);
    screen.face.flush(Math.ceil(place) + 2, screen.now);
    const started = screen.now;
    let steepest = 0;
    for (let passed = 0; passed < 180; passed += FRAME) {
      const before = screen.jaw;
      for (let pts = Math.floor(place); pts < place + 3; pts += 1) screen.timeline.put(pts, motion(0.6, 0.1));
      screen.draw(at(place));
      place += FRAME / 40;
      steepest = Math.max(steepest, before - screen.jaw);
      if (screen.now - started >= 100) expect(screen.jaw).toBeLessThan(0.02);
    }
    expect(steepest).toBeLessThan(0.3);
    expect(screen.into[Column.headYaw]).toBeCloseTo(0.1);
    screen.speak(place, 400, 0.3);
    expect(screen.jaw).toBeCloseTo(0.3);
  });

  test("fades over a jump on the timeline", () => {
    const screen = new Screen();
    screen.speak(0, 1000, 0.6);
    for (let pts = 100; pts < 110; pts += 1) screen.timeline.put(pts, motion(0, -0.1));
    screen.draw(at(100));
    expect(screen.jaw).toBeGreaterThan(0.4);
    for (let n = 1; n < 10; n += 1) screen.draw(at(100 + (n * FRAME) / 40));
    expect(screen.jaw).toBeLessThan(0.01);
    expect(screen.into[Column.headYaw]).toBeCloseTo(-0.1);
  });

  test("is alive before anything was ever said", () => {
    const screen = new Screen();
    expect(screen.draw(null).source).toBe("idle");
  });

  test("is never out of range, whatever comes when", () => {
    const step = fc.record({
      ms: fc.integer({ min: 1, max: 300 }),
      position: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 400, noNaN: true })),
      live: fc.boolean(),
      flush: fc.boolean(),
      jaw: fc.float({ min: -2, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const timeline = new MotionTimeline();
        const face = new Face(timeline, 3);
        const into = new Float32Array(61);
        let now = 0;
        for (const { ms, position, live, flush, jaw } of steps) {
          now += ms;
          const pts = Math.floor(position ?? 0);
          timeline.put(pts, motion(jaw));
          if (flush) face.flush(pts, now);
          face.read(now, position === null ? null : at(position, live), into);
          expect(into.every((value, i) => i >= SHAPES || (value >= 0 && value <= 1))).toBe(true);
        }
      }),
    );
  });
});

describe("the playhead", () => {
  const frame = (pts: number, sample: number, length = 100, cut = false) =>
    ({ kind: "frame", pts, generation: 1, sample, length, cut, rms: 0, wait: 0 }) as const;

  test("is between the frames by what has passed of each", () => {
    const playhead = new Playhead();
    playhead.note(frame(0, 1000));
    playhead.note(frame(1, 1100, 50));
    playhead.note(frame(2, 1150));
    expect(playhead.at(999)).toBeNull();
    expect(playhead.at(1025)).toMatchObject({ position: 0.25, live: true });
    expect(playhead.at(1125)).toMatchObject({ position: 1.5, live: true });
    expect(playhead.at(1200)).toMatchObject({ position: 2.5, live: true });
  });

  test("goes on for three frames when word of the next one is late, then stands", () => {
    const playhead = new Playhead();
    playhead.note(frame(5, 0));
    expect(playhead.at(150)).toMatchObject({ position: 6.5, live: true });
    expect(playhead.at(390)).toMatchObject({ position: 8.9, live: true });
    expect(playhead.at(460)).toMatchObject({ position: 9, live: false });
    playhead.note({ kind: "dry", sample: 100 });
    expect(playhead.at(150)).toMatchObject({ position: 6, live: false });
    playhead.note(frame(6, 300));
    expect(playhead.at(250)).toMatchObject({ position: 6, live: false });
    expect(playhead.at(310)).toMatchObject({ position: 6.1, live: true });
  });

  test("tells each frame that was heard to its end once, and none that was cut", () => {
    const playhead = new Playhead();
    playhead.note(frame(0, 0));
    playhead.note(frame(1, 100));
    expect(playhead.finished(90)).toEqual([]);
    expect(playhead.finished(150).map(({ pts }) => pts)).toEqual([0]);
    expect(playhead.finished(150)).toEqual([]);
    playhead.note({ kind: "flushed", sample: 180, generation: 2 });
    playhead.note(frame(2, 200, 100, true));
    expect(playhead.finished(1000)).toEqual([]);
  });
});

describe("the loudspeaker's clock", () => {
  test("follows unsteady stamps steadily, and a new device at once", () => {
    let now = 0;
    let latency = 0.05;
    const clock = new SpeakerClock(
      {
        currentTime: 0,
        getOutputTimestamp: () => ({
          contextTime: 1 + now / 1000 - latency + 0.004 * Math.sin(now),
          performanceTime: now,
        }),
      },
      () => now,
    );
    const offsets: number[] = [];
    for (let n = 0; n < 400; n += 1) {
      now += FRAME;
      offsets.push(clock.contextTime(now) - now / 1000 - 0.95);
    }
    expect(Math.max(...offsets.slice(100).map(Math.abs))).toBeLessThan(0.0015);
    latency = 0.3;
    now += FRAME;
    expect(clock.contextTime(now) - now / 1000).toBeCloseTo(0.7, 2);
    expect(clock.pageTime(clock.contextTime(now))).toBeCloseTo(now, 5);
  });

  test("makes do with the context's own time where there are no stamps", () => {
    const clock = new SpeakerClock({ currentTime: 5, outputLatency: 0.02 }, () => 1000);
    expect(clock.contextTime(1000)).toBeCloseTo(4.98);
    const stopped = new SpeakerClock(
      {
        currentTime: 5,
        baseLatency: 0.01,
        getOutputTimestamp: () => ({ contextTime: 0, performanceTime: 0 }),
      },
      () => 1000,
    );
    expect(stopped.contextTime(1000)).toBeCloseTo(4.99);
  });
});
