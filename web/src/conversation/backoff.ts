/** How long to wait before each further try, so that a server that comes back isn't run over by everybody at once. */

export interface Backoff {
  readonly first: number; // ms
  readonly factor: number;
  readonly longest: number; // ms
  /** Share of the wait that is left to chance, each way. */
  readonly jitter: number;
  readonly tries: number;
}

/** For a line that dropped: quick at first, given up after about two minutes. */
export const DROPPED: Backoff = { first: 300, factor: 1.8, longest: 10_000, jitter: 0.3, tries: 16 };

/** For a server without a free place: patient, given up after about ten minutes. */
export const FULL: Backoff = { first: 3000, factor: 1.3, longest: 15_000, jitter: 0.3, tries: 45 };

/** The wait before try `attempt` (0, 1, ...), ms; null when it is time to give up. `random` is 0..1. */
export function wait(backoff: Backoff, attempt: number, random: number): number | null {
  if (attempt >= backoff.tries) return null;
  const base = Math.min(backoff.longest, backoff.first * backoff.factor ** attempt);
  return base * (1 + backoff.jitter * (2 * random - 1));
}
