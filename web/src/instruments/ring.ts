/** Rows of numbers, the newest `capacity` of them, in one typed array: nothing is allocated while it fills. */
export class Ring {
  private readonly values: Float64Array;
  private written = 0;

  constructor(
    private readonly width: number,
    private readonly capacity: number,
  ) {
    this.values = new Float64Array(width * capacity);
  }

  /** Rows written so far, those that are gone included. */
  get count(): number {
    return this.written;
  }

  /** Write a row of one or more columns; what isn't given is NaN. */
  push(a: number, b = NaN, c = NaN, d = NaN, e = NaN, f = NaN): void {
    const at = (this.written % this.capacity) * this.width;
    this.values[at] = a;
    if (this.width > 1) this.values[at + 1] = b;
    if (this.width > 2) this.values[at + 2] = c;
    if (this.width > 3) this.values[at + 3] = d;
    if (this.width > 4) this.values[at + 4] = e;
    if (this.width > 5) this.values[at + 5] = f;
    this.written += 1;
  }

  /** Change a column of the newest row. */
  amend(column: number, value: number): void {
    if (this.written > 0) this.values[((this.written - 1) % this.capacity) * this.width + column] = value;
  }

  /** The rows that are left, oldest first. */
  rows(): number[][] {
    const first = Math.max(0, this.written - this.capacity);
    return Array.from({ length: this.written - first }, (_, n) => {
      const at = ((first + n) % this.capacity) * this.width;
      return [...this.values.subarray(at, at + this.width)];
    });
  }

  clear(): void {
    this.written = 0;
  }
}
