/** What the playout tells of itself, in context samples: what sounds when, when it ran dry, when it was silenced. */

/** A frame of sound for the playout. */
export interface SoundFrame {
  readonly pts: number;
  readonly generation: number;
  readonly flush: boolean;
  readonly pcm: Int16Array; // (960,) at 24 kHz
}

export type Report =
  | {
      readonly kind: "frame";
      readonly pts: number;
      readonly generation: number;
      /** Context sample at which the frame begins, and samples until the next one does. */
      readonly sample: number;
      readonly length: number;
      /** It was cancelled: its place passes in silence. */
      readonly cut: boolean;
      /** Of the frame's sound, 0..1. */
      readonly rms: number;
      /** Wait between the frame's arrival and its sound, ms. */
      readonly wait: number;
    }
  /** Nothing was there to be played from this sample on. */
  | { readonly kind: "dry"; readonly sample: number }
  /** Older generations are silent from this sample on. */
  | { readonly kind: "flushed"; readonly sample: number; readonly generation: number }
  /** A frame was dropped without being heard, since too much was waiting. */
  | { readonly kind: "dropped"; readonly pts: number };
