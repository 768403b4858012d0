/** The agent's frames on their way to the loudspeaker and the face, and word of what was heard on its way back. */

import type { Player } from "../audio/player.ts";
import type { Report } from "../audio/reports.ts";
import type { Sound } from "../audio/sound.ts";
import type { Instruments } from "../instruments/instruments.ts";
import { Face } from "../motion/face.ts";
import { MotionTimeline } from "../motion/timeline.ts";
import type { AgentFrame } from "../protocol/messages.ts";
import type { Acknowledgement } from "./acknowledgement.ts";
import type { Timers } from "./timers.ts";

const FACE_SEED = 7;
const SMOOTHING = 0.05; // of the shown wait

export class Playback {
  private readonly motions = new MotionTimeline();
  private readonly face = new Face(this.motions, FACE_SEED);
  private wait = 0; // ms that sound is held back, smoothed
  private dry = false;

  constructor(
    private readonly sound: Sound,
    private readonly timers: Timers,
    private readonly instruments: Instruments,
    private readonly acknowledgement: Acknowledgement,
  ) {
    sound.onPlayer = (player) => {
      this.attach(player);
    };
    this.attach(sound.player);
  }

  /** Sound held back against jitter, ms. */
  get buffer(): number {
    return this.wait;
  }

  /** A new stream begins, with pts from 0. */
  newStream(): void {
    this.sound.player.reset();
    this.motions.clear();
    this.face.reset();
    this.acknowledgement.reset();
    this.dry = false;
  }

  /** Take a frame that came at `now`, ms; says whether it came too late to go on without a gap. */
  receive(frame: AgentFrame, now: number): boolean {
    const late = this.dry;
    this.instruments.counts.framesReceived += 1;
    if (late) this.instruments.counts.framesLate += 1;
    this.dry = false;
    this.motions.put(frame.pts, frame.motion);
    if (frame.flush) {
      this.face.flush(frame.pts, now);
      this.instruments.counts.flushes += 1;
      this.instruments.mark("flush", now);
    }
    const { pts, generation, flush, pcm } = frame;
    this.sound.player.play({ pts, generation, flush, pcm });
    // Where no worklet reports by itself, this is the moment to look.
    this.acknowledge(now);
    return late;
  }

  /** The face of `now`, ms, into `into` (61,). */
  draw(now: number, into: Float32Array): void {
    const drawn = this.face.read(now, this.sound.player.place(now), into);
    this.instruments.drawn(now, drawn.position, drawn.jawOpen, drawn.source, drawn.moved);
  }

  private attach(player: Player): void {
    player.onReport = (report) => {
      if (player === this.sound.player) this.note(player, report);
    };
  }

  private note(player: Player, report: Report): void {
    switch (report.kind) {
      case "frame": {
        const { page, context } = player.moment(report.sample);
        this.instruments.sounded(report.pts, context, page, report.rms, report.wait);
        this.wait += SMOOTHING * (report.wait - this.wait);
        this.acknowledge(this.timers.now());
        return;
      }
      case "dry":
        this.dry = true;
        this.instruments.counts.underruns += 1;
        this.instruments.mark("dry", player.moment(report.sample).page);
        return;
      case "flushed":
        this.instruments.mark("silent", player.moment(report.sample).page);
        return;
      case "dropped":
        this.instruments.counts.framesDropped += 1;
    }
  }

  private acknowledge(now: number): void {
    this.acknowledgement.heard(this.sound.player.heard(now), now);
  }
}
