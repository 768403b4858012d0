/** The page's clock and its alarms, so that tests can turn them by hand. */
export interface Timers {
  /** ms, as performance.now(). */
  now(): number;
  /** Call `action` once, `ms` from now; returns what takes it back. */
  after(ms: number, action: () => void): () => void;
}

export const PAGE_TIMERS: Timers = {
  now: () => performance.now(),
  after: (ms, action) => {
    const id = setTimeout(action, ms);
    return () => {
      clearTimeout(id);
    };
  },
};
