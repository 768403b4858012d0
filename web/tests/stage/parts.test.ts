import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Dial, gains } from "../../src/stage/dial.ts";
import { frameFor } from "../../src/stage/framing.ts";
import { CHANNELS, HEAD, LEFT_EYE, place, SHAPES, shapeOf } from "../../src/stage/shapes.ts";
import { RATIOS, Sharpness } from "../../src/stage/sharpness.ts";
import { drivers, PRESETS } from "../../src/stage/vrm-weights.ts";

const gainsOf = (intensity: number, calm = false): Float32Array => {
  const into = new Float32Array(CHANNELS);
  gains({ intensity, calm }, into);
  return into;
};

describe("names of shapes", () => {
  test("are known in the spellings that people use", () => {
    for (const name of [
      "eyeBlink_L",
      "EyeBlinkLeft",
      "eyeBlinkLeft",
      "EYEBLINK-L",
      "blendShape1.eyeBlink_L",
      "arkit_eyeBlinkLeft",
    ]) {
      expect(shapeOf(name)).toBe("eyeBlinkLeft");
    }
    expect(shapeOf("browInnerUp_R")).toBe("browInnerUp");
  });

  test("mean nothing when they aren't ARKit's", () => {
    for (const name of ["Fcl_MTH_A", "smile", "", "jaw"]) expect(shapeOf(name)).toBeNull();
  });

  test("are each known with and without their side's abbreviation, and never for another", () => {
    for (const shape of SHAPES) {
      expect(shapeOf(shape.toUpperCase())).toBe(shape);
      expect(shapeOf(shape.replace(/Left$/, "_L").replace(/Right$/, "_R"))).toBe(shape);
    }
  });
});

describe("the dial", () => {
  test("leaves motion as it is at 1", () => {
    expect([...gainsOf(1)]).toEqual(Array(CHANNELS).fill(1));
  });

  test("stops everything at 0", () => {
    expect([...gainsOf(0)].every((gain) => gain === 0)).toBe(true);
  });

  test("keeps blinks whole and lips at 60 % or more, down to a fifth", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 1.5, noNaN: true }), (intensity) => {
        const now = gainsOf(intensity);
        expect(now[place("eyeBlinkLeft")]).toBe(1);
        expect(now[place("jawOpen")]).toBeGreaterThanOrEqual(0.6 - 1e-6);
        expect(now[HEAD]).toBeCloseTo(intensity, 5);
      }),
    );
  });

  test("never falls as it is turned up", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        (a, b) => {
          const [low, high] = [gainsOf(Math.min(a, b)), gainsOf(Math.max(a, b))];
          low.forEach((gain, i) => {
            expect(gain).toBeLessThanOrEqual((high[i] ?? 0) + 1e-6);
          });
        },
      ),
    );
  });

  test("when calm keeps lips and lids, a quarter of the head's movement, and rests the gaze", () => {
    const calm = gainsOf(1, true);
    expect(calm[place("jawOpen")]).toBe(1);
    expect(calm[place("eyeBlinkRight")]).toBe(1);
    expect(calm[HEAD]).toBe(0.25);
    expect(calm[LEFT_EYE]).toBe(0);
    expect(calm[place("eyeLookInLeft")]).toBe(0);
  });

  test("eases from one setting to the next and arrives", () => {
    const dial = new Dial({ intensity: 1, calm: false });
    dial.set({ intensity: 0, calm: false });
    const jaw = (elapsed: number): number => {
      const motion = new Float32Array(CHANNELS).fill(1);
      dial.apply(motion, elapsed);
      return motion[place("jawOpen")] ?? 0;
    };
    const first = jaw(40);
    expect(first).toBeGreaterThan(0.6);
    expect(first).toBeLessThan(1);
    for (let i = 0; i < 60; i++) jaw(40);
    expect(jaw(40)).toBe(0);
  });

  test("keeps every shape within 0 and 1, however lively", () => {
    const dial = new Dial({ intensity: 1.5, calm: false });
    const motion = new Float32Array(CHANNELS).fill(0.9);
    dial.apply(motion, 40);
    for (const weight of motion.subarray(0, HEAD)) expect(weight).toBeLessThanOrEqual(1);
  });
});

describe("the framing", () => {
  const inset = fc.integer({ min: 0, max: 120 });

  test("puts the eyes at 40 % of what is free, in the middle, and the whole bust in it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 320, max: 2000 }),
        fc.integer({ min: 320, max: 2000 }),
        inset,
        inset,
        inset,
        inset,
        (width, height, top, right, bottom, left) => {
          const frame = frameFor(width, height, { top, right, bottom, left });
          const freeHeight = height - top - bottom;
          expect(height / 2 - frame.shiftY).toBeCloseTo(top + 0.4 * freeHeight, 6);
          expect(width / 2 - frame.shiftX).toBeCloseTo(left + (width - left - right) / 2, 6);
          const chin = height / frame.extent; // pixels below the eyes
          expect(0.4 * freeHeight + chin).toBeLessThan(freeHeight);
          expect(1.7 * chin).toBeLessThan(width - left - right);
        },
      ),
    );
  });

  test("survives a place of no size", () => {
    const frame = frameFor(300, 200, { top: 200, right: 300, bottom: 0, left: 0 });
    expect(Number.isFinite(frame.extent)).toBe(true);
  });
});

describe("the sharpness", () => {
  const run = (sharpness: Sharpness, interval: number, frames: number): void => {
    for (let i = 0; i < frames; i++) sharpness.frame(interval);
  };

  test("is given up step by step while frames are late, down to a half", () => {
    const sharpness = new Sharpness(2, 2, 16.7);
    run(sharpness, 40, 41);
    expect(sharpness.ratio).toBe(1.5);
    run(sharpness, 40, 2000);
    expect(sharpness.ratio).toBe(RATIOS.at(-1));
  });

  test("comes back when there is time, but not beyond the screen's", () => {
    const sharpness = new Sharpness(1, 0.5, 33.3);
    run(sharpness, 33.3, 5000);
    expect(sharpness.ratio).toBe(1);
  });

  test("stays when frames come in time", () => {
    const sharpness = new Sharpness(1.25, 1.25, 16.7);
    run(sharpness, 16.7, 3000);
    expect(sharpness.ratio).toBe(1.25);
  });

  test("isn't misled by a tab that was hidden", () => {
    const sharpness = new Sharpness(1, 1, 16.7);
    run(sharpness, 5000, 200);
    expect(sharpness.ratio).toBe(1);
  });
});

describe("expressions of a VRM", () => {
  const motion = (weights: Readonly<Record<string, number>>): Float32Array => {
    const into = new Float32Array(CHANNELS);
    for (const [name, weight] of Object.entries(weights))
      into[SHAPES.indexOf(name as (typeof SHAPES)[number])] = weight;
    return into;
  };
  const preset = (name: string, weights: Readonly<Record<string, number>>): number =>
    PRESETS[name]?.(motion(weights)) ?? NaN;

  test("named like ARKit's shapes are driven by them and leave the presets alone", () => {
    const driven = drivers(["JawOpen", "eyeBlink_L", "EyeBlinkRight", "aa", "blinkLeft", "happy"], true);
    expect(driven.map(({ name }) => name).sort()).toEqual(["EyeBlinkRight", "JawOpen", "eyeBlink_L"]);
    expect(driven.find(({ name }) => name === "JawOpen")?.weight(motion({ jawOpen: 0.4 }))).toBeCloseTo(0.4);
  });

  test("fall back to presets; eyes that bones turn aren't turned twice", () => {
    const names = ["aa", "oh", "blinkLeft", "blinkRight", "lookLeft"];
    expect(drivers(names, true).map(({ name }) => name)).not.toContain("lookLeft");
    expect(drivers(names, false).map(({ name }) => name)).toContain("lookLeft");
  });

  test("of a model that only blinks with both eyes follow both", () => {
    const blink = drivers(["aa", "blink"], true).find(({ name }) => name === "blink");
    expect(blink?.weight(motion({ eyeBlinkLeft: 1, eyeBlinkRight: 1 }))).toBe(1);
  });

  test("tell open, round and spread mouths apart", () => {
    expect(preset("aa", { jawOpen: 0.6 })).toBeGreaterThan(0.8);
    expect(preset("oh", { jawOpen: 0.4, mouthFunnel: 0.8 })).toBeGreaterThan(
      preset("aa", { jawOpen: 0.4, mouthFunnel: 0.8 }),
    );
    expect(preset("ou", { mouthPucker: 0.9 })).toBeGreaterThan(0.7);
    expect(preset("ee", { jawOpen: 0.3, mouthStretchLeft: 0.9, mouthStretchRight: 0.9 })).toBeGreaterThan(
      0.4,
    );
  });

  test("keep the mouth shut where the lips are shut over an open jaw", () => {
    expect(preset("aa", { jawOpen: 0.5, mouthClose: 0.5 })).toBe(0);
  });

  test("stay within 0 and 1 for any motion", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 52, maxLength: 52 }),
        (weights) => {
          const any = new Float32Array(CHANNELS);
          any.set(weights);
          for (const weight of Object.values(PRESETS)) {
            expect(weight(any)).toBeGreaterThanOrEqual(0);
            expect(weight(any)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
});
