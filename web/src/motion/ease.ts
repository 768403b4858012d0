/** Raised cosine from 0 to 1 as `phase` goes 0..1, flat at both ends and outside. */
export function ease(phase: number): number {
  return 0.5 - 0.5 * Math.cos(Math.PI * Math.min(1, Math.max(0, phase)));
}
