/** Holds what there is to show and tells those who show it, once for all changes of a moment. */

import type { View } from "./contract.ts";
import type { Timers } from "./timers.ts";

const SLOWLY = 100; // ms between two tellings of what changes all the time

const BEGINNING: View = {
  phase: "idle",
  problem: null,
  floor: "nobody",
  captions: [],
  quality: { level: "unknown", roundTrip: null, jitter: 0, buffer: 0, late: 0 },
  latency: null,
  microphone: "off",
  muted: false,
  talkMode: "open",
  level: 0,
  persona: "",
  recording: false,
  head: null,
};

export class ViewStore {
  private present: View = BEGINNING;
  private readonly listeners = new Set<(view: View) => void>();
  private stopTimer: (() => void) | null = null;
  private due = Infinity; // ms

  constructor(private readonly timers: Timers) {}

  get view(): View {
    return this.present;
  }

  subscribe(listener: (view: View) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Change what has to be seen at once. */
  change(changes: Partial<View>): void {
    this.take(changes, 0);
  }

  /** Change what moves all the time: a level, a measurement. */
  changeSlowly(changes: Partial<View>): void {
    this.take(changes, SLOWLY);
  }

  private take(changes: Partial<View>, within: number): void {
    const view = { ...this.present, ...changes };
    const names = Object.keys(changes) as (keyof View)[];
    if (names.every((name) => this.present[name] === view[name])) return;
    this.present = view;
    const due = this.timers.now() + within;
    if (due >= this.due) return;
    this.due = due;
    this.stopTimer?.();
    this.stopTimer = this.timers.after(within, () => {
      this.due = Infinity;
      this.stopTimer = null;
      for (const listener of [...this.listeners]) listener(this.present);
    });
  }
}
