import { seededRandom } from "../random.ts";

/** How a clock starts and moves. */
export interface ClockOptions {
  /** ISO 8601. */
  readonly start?: string;
  readonly seed?: number;
  /** The time between two timestamps (default 1000); 0 makes them all the same. */
  readonly tickMs?: number;
  /** Timestamps are cut to a multiple of this (default 1000, W&B's whole seconds). */
  readonly granularityMs?: number;
}

/**
 * The emulator's clock and random source. Time moves only by `advance`, `set` or when a timestamp
 * is taken, so that the same calls with the same seed build the same workspace. Responses have its
 * time in the header `Date`.
 */
export class WandbClock {
  readonly #random: () => number;
  readonly #tickMs: number;
  readonly #granularityMs: number;
  #nowMs: number;

  constructor(options: ClockOptions = {}) {
    const { start = "2026-01-01T00:00:00Z", seed = 1 } = options;
    this.#random = seededRandom(seed);
    this.#tickMs = options.tickMs ?? 1000;
    this.#granularityMs = options.granularityMs ?? 1000;
    this.#nowMs = Date.parse(start);
  }

  /** Milliseconds since 1970. */
  get nowMs(): number {
    return this.#nowMs;
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }

  /** Moves to an instant in ISO 8601, which may be in the past. */
  set(instant: string): void {
    this.#nowMs = Date.parse(instant);
  }

  /** Moves one tick ahead and returns the time in UTC, as W&B writes it. */
  nextInstant(): string {
    this.#nowMs += this.#tickMs;
    const cut = this.#nowMs - (this.#nowMs % this.#granularityMs);
    return new Date(cut).toISOString().replace(".000Z", "Z");
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
