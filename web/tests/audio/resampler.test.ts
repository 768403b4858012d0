import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Resampler } from "../../src/audio/resampler.ts";

const PAIRS = [
  [24_000, 48_000],
  [24_000, 44_100],
  [24_000, 96_000],
  [48_000, 16_000],
  [44_100, 16_000],
  [192_000, 16_000],
  [16_000, 16_000],
  [22_050, 16_000],
] as const;

function whole(from: number, to: number, input: Float32Array): Float32Array {
  const resampler = new Resampler(from, to);
  const output = new Float32Array(resampler.room(input.length));
  return output.slice(0, resampler.push(input, output));
}

function sine(rate: number, hertz: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, n) => 0.7 * Math.sin((2 * Math.PI * hertz * n) / rate));
}

describe.each(PAIRS)("from %i to %i Hz", (from, to) => {
  test("a stream in pieces equals the whole, whatever the pieces", () => {
    const input = Float32Array.from({ length: 3000 }, (_, n) => Math.sin(n * n * 1e-3));
    const expected = whole(from, to, input);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 20 }), (cuts) => {
        const resampler = new Resampler(from, to);
        const got: number[] = [];
        let at = 0;
        for (const cut of [...cuts, input.length]) {
          const piece = input.subarray(at, Math.min(at + cut, input.length));
          at += piece.length;
          const output = new Float32Array(resampler.room(piece.length));
          got.push(...output.subarray(0, resampler.push(piece, output)));
        }
        expect(got).toEqual([...expected]);
      }),
      { numRuns: 25 },
    );
  });

  test("a sine stays the sine that it was, in place, to within 60 dB", () => {
    const hertz = 0.35 * Math.min(from, to) * 0.92;
    for (const tone of [200, 1000, hertz]) {
      const output = whole(from, to, sine(from, tone, from / 5));
      const expected = sine(to, tone, output.length);
      let noise = 0;
      let signal = 0;
      const settled = Math.ceil((64 * to) / Math.min(from, to)); // where the sound's abrupt beginning has passed
      for (let n = settled; n < output.length; n += 1) {
        noise += ((output[n] ?? 0) - (expected[n] ?? 0)) ** 2;
        signal += (expected[n] ?? 0) ** 2;
      }
      expect(10 * Math.log10(noise / signal)).toBeLessThan(-60);
    }
  });

  test("a minute of samples comes out, none more or less than the reach", () => {
    const resampler = new Resampler(from, to);
    const block = new Float32Array(from / 25);
    const output = new Float32Array(resampler.room(block.length));
    let count = 0;
    for (let n = 0; n < 25 * 60; n += 1) count += resampler.push(block, output);
    expect(Math.abs(count - 60 * to)).toBeLessThanOrEqual(Math.ceil((resampler.reach * to) / from) + 1);
  });
});

test("what can't be heard at the lower rate is taken out", () => {
  const output = whole(48_000, 16_000, sine(48_000, 10_000, 9600)).subarray(100);
  const level = Math.sqrt(output.reduce((sum, value) => sum + value * value, 0) / output.length);
  expect(20 * Math.log10(level)).toBeLessThan(-60);
});

test("a rate that is no whole number is refused by its value", () => {
  expect(() => new Resampler(44_100.5, 16_000)).toThrow("sample rates 44100.5 and 16000");
});
