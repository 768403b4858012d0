/**
 * What the face does when nothing tells it what to do: breath, sway, small looks about, blinks, lips closed. Seeded: the
 * same seed gives the same life. Its size follows what people do at rest (avatar/procedural/idle.py has the sources).
 */

import { Column } from "./columns.ts";
import { ease } from "./ease.ts";
import { seeded } from "./random.ts";

const PARTIALS = 4; // sines of different rates in one drift
const BLINKS_A_MINUTE = 14;
const REFRACTORY = 0.6; // s between two blinks
const BLINK = 0.2; // s from open to open
const CLOSING = 0.38; // share of a blink
const LOOK_EVERY = [1.2, 4.5] as const; // s
const LOOK_TAKES = 0.06; // s
const WARMTH = 0.05; // resting smile
const BREATH = 0.25; // Hz
const LONGEST_STEP = 0.5; // s: what lies further back was not seen

/** Smooth noise: sines with random rates and phases. */
class Drift {
  private readonly rates: number[];
  private readonly phases: number[];

  constructor(
    random: () => number,
    private readonly size: number,
    [low, high]: readonly [number, number], // Hz
  ) {
    this.rates = Array.from({ length: PARTIALS }, () => 2 * Math.PI * low * (high / low) ** random());
    this.phases = Array.from({ length: PARTIALS }, () => 2 * Math.PI * random());
  }

  at(seconds: number): number {
    let sum = 0;
    for (let i = 0; i < PARTIALS; i += 1) {
      sum += Math.sin((this.phases[i] ?? 0) + (this.rates[i] ?? 0) * seconds);
    }
    return (this.size * sum) / Math.sqrt(2 * PARTIALS);
  }
}

export class IdleLife {
  private readonly random: () => number;
  private readonly yaw: Drift;
  private readonly pitch: Drift;
  private readonly roll: Drift;
  private readonly smile: Drift;
  private readonly brow: Drift;
  private seconds = 0; // of life so far
  private lastNow: number | null = null; // ms
  private blinkAt: number;
  private lookAt = 0;
  private look = { yaw: 0, pitch: 0 };
  private lookBefore = { yaw: 0, pitch: 0 };
  private lookSince = 0;

  constructor(seed: number) {
    const random = seeded(seed);
    this.random = random;
    this.yaw = new Drift(random, 0.025, [0.05, 0.35]);
    this.pitch = new Drift(random, 0.018, [0.05, 0.35]);
    this.roll = new Drift(random, 0.014, [0.04, 0.25]);
    this.smile = new Drift(random, WARMTH / 2, [0.03, 0.15]);
    this.brow = new Drift(random, 0.03, [0.05, 0.2]);
    this.blinkAt = 0.8 + 2 * random();
  }

  /** Write the face (61,) of the moment `now`, ms, into `into`; call it with times that don't go back. */
  read(now: number, into: Float32Array): void {
    if (this.lastNow !== null) {
      this.seconds += Math.min(LONGEST_STEP, Math.max(0, (now - this.lastNow) / 1000));
    }
    this.lastNow = now;
    const t = this.seconds;
    into.fill(0);
    const breath = Math.sin(2 * Math.PI * BREATH * t);
    into[Column.headYaw] = this.yaw.at(t);
    into[Column.headPitch] = this.pitch.at(t) + 0.006 * breath;
    into[Column.headRoll] = this.roll.at(t);
    const smile = Math.max(0, WARMTH + this.smile.at(t));
    into[Column.mouthSmileLeft] = smile;
    into[Column.mouthSmileRight] = smile;
    into[Column.browInnerUp] = Math.max(0, this.brow.at(t) + 0.01 * breath);
    this.eyes(t, into);
    const lids = this.lids(t);
    into[Column.eyeBlinkLeft] = lids;
    into[Column.eyeBlinkRight] = lids;
  }

  /** The eyes hold on to the partner while the head sways, and jump a little now and then. */
  private eyes(t: number, into: Float32Array): void {
    if (t >= this.lookAt) {
      this.lookBefore = this.look;
      const away = this.random() < 0.25 ? 0.12 : 0.02; // radians
      this.look = { yaw: away * (2 * this.random() - 1), pitch: 0.6 * away * (2 * this.random() - 1) };
      this.lookSince = t;
      this.lookAt = t + LOOK_EVERY[0] + (LOOK_EVERY[1] - LOOK_EVERY[0]) * this.random();
    }
    const share = ease((t - this.lookSince) / LOOK_TAKES);
    const yaw = this.lookBefore.yaw + share * (this.look.yaw - this.lookBefore.yaw);
    const pitch = this.lookBefore.pitch + share * (this.look.pitch - this.lookBefore.pitch);
    into[Column.leftEyeYaw] = yaw - (into[Column.headYaw] ?? 0);
    into[Column.rightEyeYaw] = into[Column.leftEyeYaw] ?? 0;
    into[Column.leftEyePitch] = pitch - (into[Column.headPitch] ?? 0);
    into[Column.rightEyePitch] = into[Column.leftEyePitch] ?? 0;
  }

  private lids(t: number): number {
    const phase = (t - this.blinkAt) / BLINK;
    if (phase < 0) return 0;
    if (phase >= 1) {
      // Waits are the sum of two chances: less even than a clock, more even than pure chance.
      const wait = (-30 / BLINKS_A_MINUTE) * (Math.log(1 - this.random()) + Math.log(1 - this.random()));
      this.blinkAt = t + Math.max(REFRACTORY, wait);
      return 0;
    }
    return phase < CLOSING ? ease(phase / CLOSING) : 1 - ease((phase - CLOSING) / (1 - CLOSING));
  }
}
