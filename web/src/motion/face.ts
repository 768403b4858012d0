/**
 * The face at the moment that is drawn: the motion that belongs to the sound at the loudspeaker, or idle life where
 * there is none. Every change from one to the other, every jump on the timeline, keeps the difference to what was last
 * drawn and lets it fade, so that the face neither jumps nor stands still.
 */

import type { Place } from "../audio/playhead.ts";
import { MOTION_SIZE } from "../protocol/media.ts";
import { ARTICULATORS, Column, SHAPES } from "./columns.ts";
import { ease } from "./ease.ts";
import { IdleLife } from "./idle.ts";
import type { MotionTimeline } from "./timeline.ts";

export type Source = "motion" | "idle" | "blend";

const LIPS_FADE = 90; // ms in which the mouth comes to rest, or leaves it; lids are as quick
const JUMP_FADE = 120; // ms for a jump on the timeline
const TO_IDLE_FADE = 1500; // ms for the head and the rest to drift into idle life
const TO_MOTION_FADE = 260; // ms for it back from there
const JUMP = 1.6; // frames between two drawings' expected and found position that are a jump
const HOLD = 45; // ms for which a standing position is no gap yet
const SHUT_FRAMES = 3; // of the server's own closing after a flush, during which the mouth isn't followed
const SHUT = 60; // ms in which a flush shuts the mouth: as quick as lips shut for a p
const QUICK: ReadonlySet<number> = new Set([...ARTICULATORS, Column.eyeBlinkLeft, Column.eyeBlinkRight]);

/** What was drawn, for the instruments. */
export interface Drawn {
  readonly source: Source;
  readonly position: number;
  readonly jawOpen: number;
  /** The greatest change of any of the 61 numbers since the drawing before. */
  readonly moved: number;
}

export class Face {
  private readonly idle: IdleLife;
  private readonly wanted = new Float32Array(MOTION_SIZE);
  private readonly last = new Float32Array(MOTION_SIZE);
  private readonly rest = new Float32Array(MOTION_SIZE); // the fading difference
  private started = false;
  private changed = -Infinity; // ms: when the difference was taken
  private lipsFade = LIPS_FADE;
  private otherFade = JUMP_FADE;
  private fromMotion = false;
  private position = -1;
  private drawnAt = 0; // ms
  private stoodSince: number | null = null; // ms
  private shutFrom: number | null = null; // ms: when a flush began to shut the mouth
  private openFrom = -1; // pts from which the mouth is followed again
  private readonly shutPose = new Float32Array(MOTION_SIZE);

  constructor(
    private readonly timeline: MotionTimeline,
    seed: number,
  ) {
    this.idle = new IdleLife(seed);
  }

  /** The agent was cut off: shut the mouth now, and until the frame `pts`, with which the server shuts it, is past. */
  flush(pts: number, now: number): void {
    this.shutFrom = now;
    this.openFrom = pts + SHUT_FRAMES;
    this.shutPose.set(this.last);
  }

  /** A new stream begins, with pts from 0. */
  reset(): void {
    this.position = -1;
    this.shutFrom = null;
    this.openFrom = -1;
  }

  /** Write the face (61,) of `now`, ms, into `into`; `place` is where the loudspeaker is, null if nothing plays. */
  read(now: number, place: Place | null, into: Float32Array): Drawn {
    this.idle.read(now, this.wanted);
    const follows =
      place !== null && this.goesOn(place, now) && this.timeline.read(place.position, this.wanted);
    const position = place?.position ?? -1;
    if (follows) this.shutLips(now, position);
    this.noteChange(follows, position, now);
    const fading = this.fade(now);
    let moved = 0;
    for (let i = 0; i < MOTION_SIZE; i += 1) {
      const wanted = this.wanted[i] ?? 0;
      const value = i < SHAPES ? Math.min(1, Math.max(0, wanted)) : wanted;
      moved = Math.max(moved, Math.abs(value - (this.last[i] ?? 0)));
      this.last[i] = value;
    }
    into.set(this.last);
    this.started = true;
    this.fromMotion = follows;
    this.position = position;
    this.drawnAt = now;
    const source = fading ? "blend" : follows ? "motion" : "idle";
    return { source, position, jawOpen: this.last[Column.jawOpen] ?? 0, moved };
  }

  /** Whether the timeline moves; a moment's standstill counts as moving. */
  private goesOn(place: Place, now: number): boolean {
    if (place.live) {
      this.stoodSince = null;
      return true;
    }
    this.stoodSince ??= now;
    return this.fromMotion && now - this.stoodSince < HOLD;
  }

  private noteChange(follows: boolean, position: number, now: number): void {
    if (!this.started) return;
    const expected = this.position + (now - this.drawnAt) / 40;
    const jumped = follows && this.fromMotion && Math.abs(position - expected) > JUMP;
    if (follows === this.fromMotion && !jumped) return;
    for (let i = 0; i < MOTION_SIZE; i += 1) this.rest[i] = (this.last[i] ?? 0) - (this.wanted[i] ?? 0);
    // Fading since the last drawing, so that a page that draws seldom, and finds a change each time, still moves.
    this.changed = this.drawnAt;
    this.lipsFade = jumped ? JUMP_FADE : LIPS_FADE;
    this.otherFade = jumped ? JUMP_FADE : follows ? TO_MOTION_FADE : TO_IDLE_FADE;
  }

  private fade(now: number): boolean {
    const passed = now - this.changed;
    if (passed >= Math.max(this.lipsFade, this.otherFade)) return false;
    const lips = 1 - ease(passed / this.lipsFade);
    const other = 1 - ease(passed / this.otherFade);
    for (let i = 0; i < MOTION_SIZE; i += 1) {
      const left = QUICK.has(i) ? lips : other;
      this.wanted[i] = (this.wanted[i] ?? 0) + left * (this.rest[i] ?? 0);
    }
    return true;
  }

  private shutLips(now: number, position: number): void {
    if (this.shutFrom === null) return;
    if (position >= this.openFrom && now - this.shutFrom > SHUT) {
      this.shutFrom = null;
      // What the mouth does by now is taken up softly.
      for (let i = 0; i < MOTION_SIZE; i += 1) {
        this.rest[i] = ARTICULATORS.has(i) ? -(this.wanted[i] ?? 0) : 0;
      }
      this.changed = now;
      this.lipsFade = LIPS_FADE;
      this.otherFade = 0;
      return;
    }
    const left = 1 - ease((now - this.shutFrom) / SHUT);
    for (const i of ARTICULATORS) this.wanted[i] = left * (this.shutPose[i] ?? 0);
  }
}
