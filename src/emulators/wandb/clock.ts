import { seededRandom } from "../random.ts";

export interface ClockOptions {
  readonly start?: string;
  readonly seed?: number;
  /** How far an instant is from the one before; 0 makes them all the same. */
  readonly tickMs?: number;
}

/** A clock that moves only when it is asked something, and all chance that comes from its seed: the same calls give the same workspace. */
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

  /** The next instant, to the second, as the service writes it. */
  nextInstant(): string {
    this.#nowMs += this.#tickMs;
    return new Date(this.#nowMs).toISOString().replace(/\.\d+Z$/, "Z");
  }

  /** The instant that was told last in seconds since 1970, with microseconds. */
  epochSeconds(): number {
    return this.#nowMs / 1000 + Math.floor(this.#random() * 1e6) / 1e6;
  }

  /** A run's id: eight letters and digits. */
  nextRunId(): string {
    return Array.from({ length: 8 }, () => Math.floor(this.#random() * 36).toString(36)).join("");
  }
}
