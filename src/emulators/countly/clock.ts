import { RandomSource } from "../random.ts";

interface ClockOptions {
  /** ISO 8601. */
  readonly start?: string;
  readonly seed?: number;
}

/**
 * The emulator's clock and random source. Time moves only by `advance` or when a value is taken, so
 * that the same calls with the same seed build the same workspace.
 */
export class CountlyClock {
  readonly random: RandomSource;
  #nowMs: number;

  constructor({ start = "2025-06-02T08:00:00Z", seed = 1 }: ClockOptions = {}) {
    this.#nowMs = Date.parse(start);
    this.random = new RandomSource(seed);
  }

  /** Milliseconds since 1970. Reading it does not move the clock. */
  get nowMs(): number {
    return this.#nowMs;
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }

  /**
   * Moves one second ahead and returns the time in seconds since 1970, as the server stores times.
   */
  nextSecond(): number {
    this.#nowMs += 1000;
    return Math.floor(this.#nowMs / 1000);
  }

  /** A MongoDB ObjectId in hexadecimal, greater than all earlier ones. */
  nextObjectId(): string {
    return (
      this.nextSecond().toString(16).padStart(8, "0") + this.random.hex(8) + this.random.hex(8)
    );
  }
}
