import { seededRandom } from "../random.ts";

/** How a clock starts and moves. */
export interface ClockOptions {
  /** ISO 8601. */
  readonly start?: string;
  readonly seed?: number;
  /** The time between two timestamps (default 1000); 0 makes them all the same. */
  readonly tickMs?: number;
}

/**
 * The emulator's clock and random source. Time moves only by `advance` or when a timestamp is
 * taken, so that the same calls with the same seed build the same workspace.
 */
export class WandbClock {
  readonly #random: () => number;
  readonly #tickMs: number;
  #nowMs: number;

  constructor({ start = "2026-01-01T00:00:00Z", seed = 1, tickMs = 1000 }: ClockOptions = {}) {
    this.#random = seededRandom(seed);
    this.#tickMs = tickMs;
    this.#nowMs = Date.parse(start);
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }

  /**
   * Moves one tick ahead and returns the time in UTC, without fractions of a second, as W&B writes
   * it.
   */
  nextInstant(): string {
    this.#nowMs += this.#tickMs;
    return new Date(this.#nowMs).toISOString().replace(/\.\d+Z$/, "Z");
  }

  /** The current time in seconds since 1970, with random microseconds. */
  epochSeconds(): number {
    return this.#nowMs / 1000 + Math.floor(this.#random() * 1e6) / 1e6;
  }

  /** A random run id: eight letters and digits. */
  nextRunId(): string {
    return Array.from({ length: 8 }, () => Math.floor(this.#random() * 36).toString(36)).join("");
  }
}
