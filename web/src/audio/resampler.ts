/**
 * A streaming sample-rate converter: windowed sinc, one short filter for every fraction of a sample that the two rates
 * can differ by (polyphase). Output sample n lies exactly at input time n * from / to: there is no delay, only a wait of
 * `reach` input samples before an output can be known.
 */

const ZERO_CROSSINGS = 16; // of the sinc on each side: the transition band's width
const KAISER_BETA = 9; // side lobes 90 dB down
const ROLL_OFF = 0.92; // of the lower Nyquist frequency, so that the transition band ends near it
const MOST_COEFFICIENTS = 4_000_000; // of rates with hardly a common divisor

export class Resampler {
  /** Input samples on each side that an output depends on. */
  readonly reach: number;
  private readonly up: number; // outputs a period
  private readonly down: number; // inputs a period
  private readonly taps: number;
  private readonly filters: Float32Array; // (up, taps)
  private history: Float32Array;
  private held: number; // valid samples in history; the first is at input time `origin`
  private origin: number;
  private next = 0; // index of the next output
  private total = 0; // input samples taken

  /** From one rate to another, whole numbers in Hz. Raises `RangeError` for rates that aren't. */
  constructor(
    readonly from: number,
    readonly to: number,
  ) {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from <= 0 || to <= 0) {
      throw new RangeError(`sample rates ${from} and ${to}; give whole numbers above 0 (Hz)`);
    }
    const divisor = gcd(from, to);
    this.up = to / divisor;
    this.down = from / divisor;
    const scale = Math.min(1, to / from) * ROLL_OFF; // cutoff, 1 is the input's Nyquist frequency
    this.reach = Math.ceil(ZERO_CROSSINGS / scale);
    this.taps = 2 * this.reach + 1;
    if (this.up * this.taps > MOST_COEFFICIENTS) {
      throw new RangeError(
        `rates ${from} and ${to} have no useful common divisor; use the device's usual rate`,
      );
    }
    this.filters = new Float32Array(this.up * this.taps);
    for (let phase = 0; phase < this.up; phase += 1) this.design(phase, scale);
    this.history = new Float32Array(this.taps * 2 + 4096);
    this.held = this.reach; // silence before the first sample
    this.origin = -this.reach;
  }

  /** How many outputs the next `samples` inputs can give at most. */
  room(samples: number): number {
    return Math.ceil(((samples + this.taps) * this.up) / this.down) + 1;
  }

  /**
   * Take `input` and write every output that is known by now into `output` (see `room`); returns how many. However the
   * input is cut into calls, the outputs are the same.
   */
  push(input: Float32Array, output: Float32Array): number {
    this.keep(input);
    this.total += input.length;
    let written = 0;
    for (;;) {
      const time = this.next * this.down;
      const centre = Math.floor(time / this.up); // input sample at or before the output
      if (centre + this.reach >= this.total) break;
      const filter = (time - centre * this.up) * this.taps;
      const start = centre - this.reach - this.origin;
      let sum = 0;
      for (let i = 0; i < this.taps; i += 1) {
        sum += (this.history[start + i] ?? 0) * (this.filters[filter + i] ?? 0);
      }
      output[written] = sum;
      written += 1;
      this.next += 1;
    }
    this.renumber();
    return written;
  }

  /** Let what was taken so far be silence. */
  forget(): void {
    this.history.fill(0);
  }

  private keep(input: Float32Array): void {
    const oldest = Math.floor((this.next * this.down) / this.up) - this.reach; // still needed from here on
    const drop = Math.min(this.held, Math.max(0, oldest - this.origin));
    this.history.copyWithin(0, drop, this.held);
    this.held -= drop;
    this.origin += drop;
    if (this.held + input.length > this.history.length) {
      const larger = new Float32Array(this.held + input.length);
      larger.set(this.history.subarray(0, this.held));
      this.history = larger;
    }
    this.history.set(input, this.held);
    this.held += input.length;
  }

  /** Whole periods are forgotten, so that the numbers stay small for days. */
  private renumber(): void {
    const periods = Math.floor(Math.min(this.next / this.up, this.total / this.down));
    if (periods < 1000) return;
    this.next -= periods * this.up;
    this.total -= periods * this.down;
    this.origin -= periods * this.down;
  }

  private design(phase: number, scale: number): void {
    const fraction = phase / this.up;
    let sum = 0;
    for (let i = 0; i < this.taps; i += 1) {
      const x = i - this.reach - fraction; // input samples from the output's place
      const edge = x / (this.reach + 1);
      const window = Math.abs(edge) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - edge * edge));
      const value = sinc(x * scale) * window;
      this.filters[phase * this.taps + i] = value;
      sum += value;
    }
    for (let i = 0; i < this.taps; i += 1) {
      const at = phase * this.taps + i;
      this.filters[at] = (this.filters[at] ?? 0) / sum; // each phase passes 0 Hz unchanged
    }
  }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
