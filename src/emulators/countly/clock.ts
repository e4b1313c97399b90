import { RandomSource } from "../random.ts";

interface ClockOptions {
  readonly start?: string;
  readonly seed?: number;
}

/** A server's clock that moves only when it is told to or asked something, and all chance that comes from its seed: the same calls give the same workspace. */
export class CountlyClock {
  readonly random: RandomSource;
  #nowMs: number;

  constructor({ start = "2025-06-02T08:00:00Z", seed = 1 }: ClockOptions = {}) {
    this.#nowMs = Date.parse(start);
    this.random = new RandomSource(seed);
  }

  /** Milliseconds since 1970; asking does not move the clock. */
  get nowMs(): number {
    return this.#nowMs;
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }

  /** The next instant in whole seconds since 1970, as the server stamps what it writes. */
  nextSecond(): number {
    this.#nowMs += 1000;
    return Math.floor(this.#nowMs / 1000);
  }

  /** A Mongo ObjectId in hexadecimal: greater than those of earlier seconds. */
  nextObjectId(): string {
    return (
      this.nextSecond().toString(16).padStart(8, "0") + this.random.hex(8) + this.random.hex(8)
    );
  }
}
