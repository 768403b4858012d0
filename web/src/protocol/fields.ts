/** Reads the fields of a JSON payload one by one, naming what is wrong; unknown fields are errors. */

import { ProtocolError } from "./error.ts";

const REMEDY = "send the fields docs/protocol.md lists";

/** What a text's length or a number's range may be, both ends included. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export class Fields {
  private readonly seen = new Set<string>();

  /** `name` says whose fields they are; `raw` is anything. Raises `ProtocolError` unless it is an object. */
  constructor(
    private readonly name: string,
    private readonly raw: unknown,
  ) {
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      throw new ProtocolError("bad_payload", `${name}: the payload isn't a JSON object`, REMEDY);
    }
  }

  text(field: string, fallback?: string, bounds: Bounds = {}): string {
    const value = this.take(field, fallback);
    if (typeof value !== "string") throw this.wrong(field, value, "a text");
    const length = Array.from(value).length; // characters, as the other side counts them
    if (length < (bounds.min ?? 0) || length > (bounds.max ?? Infinity)) {
      throw this.wrong(field, `${length} characters`, range(bounds));
    }
    return value;
  }

  optionalText(field: string, bounds: Bounds = {}): string | null {
    return this.take(field, null) === null ? null : this.text(field, undefined, bounds);
  }

  flag(field: string, fallback?: boolean): boolean {
    const value = this.take(field, fallback);
    if (typeof value !== "boolean") throw this.wrong(field, value, "true or false");
    return value;
  }

  number(field: string, fallback?: number, bounds: Bounds = {}): number {
    const value = this.take(field, fallback);
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.wrong(field, value, "a number");
    if (value < (bounds.min ?? -Infinity) || value > (bounds.max ?? Infinity)) {
      throw this.wrong(field, value, range(bounds));
    }
    return value;
  }

  whole(field: string, fallback?: number, bounds: Bounds = {}): number {
    const value = this.number(field, fallback, bounds);
    if (!Number.isInteger(value)) throw this.wrong(field, value, "a whole number");
    return value;
  }

  optionalWhole(field: string, bounds: Bounds = {}): number | null {
    return this.take(field, null) === null ? null : this.whole(field, undefined, bounds);
  }

  oneOf<T extends string>(field: string, choices: readonly T[], fallback?: T): T {
    const value = this.take(field, fallback);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.wrong(field, value, choices.join(", "));
    return found;
  }

  list<T>(field: string, read: (item: unknown) => T, fallback?: readonly T[], longest = Infinity): T[] {
    const value = this.take(field, fallback);
    if (!Array.isArray(value)) throw this.wrong(field, value, "a list");
    if (value.length > longest) throw this.wrong(field, `${value.length} entries`, `at most ${longest}`);
    return value.map((item) => read(item));
  }

  object(field: string, fallback?: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const value = this.take(field, fallback);
    if (!isObject(value)) throw this.wrong(field, value, "an object");
    return value;
  }

  /** Raises `ProtocolError` if there were fields that nothing asked for. */
  end(): void {
    for (const field of Object.keys(this.raw as object)) {
      if (!this.seen.has(field)) {
        throw new ProtocolError("bad_payload", `${this.name}: unknown field ${quote(field)}`, REMEDY);
      }
    }
  }

  private take(field: string, fallback: unknown): unknown {
    this.seen.add(field);
    const value = Object.hasOwn(this.raw as object, field)
      ? (this.raw as Record<string, unknown>)[field]
      : fallback;
    if (value === undefined) {
      throw new ProtocolError("bad_payload", `${this.name}: the field ${field} is missing`, REMEDY);
    }
    return value;
  }

  private wrong(field: string, value: unknown, wanted: string): ProtocolError {
    return new ProtocolError(
      "bad_payload",
      `${this.name}: ${field} is ${quote(value)}, not ${wanted}`,
      REMEDY,
    );
  }
}

/** A text of the list that `Fields.list` reads. */
export function asText(item: unknown): string {
  if (typeof item !== "string")
    throw new ProtocolError("bad_payload", `${quote(item)} in a list of texts`, REMEDY);
  return item;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return (text ?? String(value)).slice(0, 60);
}

function range({ min, max }: Bounds): string {
  if (min === undefined) return `at most ${max ?? "any"}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}
