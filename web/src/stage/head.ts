import type { Object3D, Vector3 } from "three";

/** Where a head's features lie, in its own units. */
export interface Landmarks {
  /** Half-way between the eyes. */
  readonly eyes: Vector3;
  /** From the eyes down to the chin. */
  readonly length: number;
}

/** A head on the stage, whatever file it came from. */
export interface Head {
  readonly root: Object3D;
  readonly landmarks: Landmarks;
  /** What the person should know of it, in words, or null. */
  readonly notice: string | null;
  /** Move to a motion of 61 numbers; `seconds` since the last time. */
  apply(motion: Float32Array, seconds: number): void;
  dispose(): void;
}

/** A file that can't be used as a head; the message says why and what would help. */
export class HeadRefused extends Error {
  override readonly name = "HeadRefused";
}
