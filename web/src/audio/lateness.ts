/** The greatest and smallest lateness of arrivals over the last half minute, kept by the second. */

const SECONDS = 30;

export class Lateness {
  private readonly highest = new Float64Array(SECONDS).fill(-Infinity);
  private readonly lowest = new Float64Array(SECONDS).fill(Infinity);
  private second = -1;

  /** Note an arrival: when, in whole seconds, and how late, in any unit. */
  note(second: number, lateness: number): void {
    if (second !== this.second) {
      const passed = this.second < 0 ? SECONDS : Math.min(SECONDS, Math.abs(second - this.second));
      for (let back = 0; back < passed; back += 1) {
        const slot = slotOf(second - back);
        this.highest[slot] = -Infinity;
        this.lowest[slot] = Infinity;
      }
      this.second = second;
    }
    const slot = slotOf(second);
    this.highest[slot] = Math.max(this.highest[slot] ?? -Infinity, lateness);
    this.lowest[slot] = Math.min(this.lowest[slot] ?? Infinity, lateness);
  }

  /** -Infinity before anything came. */
  get most(): number {
    return this.highest.reduce((a, b) => Math.max(a, b));
  }

  /** Infinity before anything came. */
  get least(): number {
    return this.lowest.reduce((a, b) => Math.min(a, b));
  }

  clear(): void {
    this.highest.fill(-Infinity);
    this.lowest.fill(Infinity);
    this.second = -1;
  }
}

function slotOf(second: number): number {
  return ((second % SECONDS) + SECONDS) % SECONDS;
}
