interface ClockOptions {
  readonly start?: string;
  readonly seed?: number;
}

/** A server's clock that moves only when it is told to or asked something, and all chance that comes from its seed: the same calls give the same workspace. */
export class CountlyClock {
  #nowMs: number;
  #state: number;

  constructor({ start = "2025-06-02T08:00:00Z", seed = 1 }: ClockOptions = {}) {
    this.#nowMs = Date.parse(start);
    this.#state = seed;
  }

  /** Milliseconds since 1970; asking does not move the clock. */
  get nowMs(): number {
    return this.#nowMs;
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }

  /** The next instant in whole seconds since 1970, as the server stamps what it writes. */
  seconds(): number {
    this.#nowMs += 1000;
    return Math.floor(this.#nowMs / 1000);
  }

  /** A Mongo ObjectId in hexadecimal: greater than those of earlier seconds. */
  objectId(): string {
    return this.seconds().toString(16).padStart(8, "0") + this.hex(8) + this.hex(8);
  }

  /** At most eight hexadecimal digits. */
  hex(digits: number): string {
    return this.below(16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  }

  /** An integer from 0 up to, and not including, the limit. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** From 0 up to 1 (mulberry32). */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
