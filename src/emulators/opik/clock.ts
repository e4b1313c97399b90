import { RandomSource } from "../random.ts";

interface ClockOptions {
  /** ISO 8601. */
  readonly start?: string;
  readonly seed?: number;
}

/**
 * The emulator's clock and random source. Time moves only by `advance`, `set` or when a value is
 * taken, so that the same calls with the same seed build the same workspace. Responses have its
 * time in the header `Date`.
 */
export class OpikClock {
  readonly random: RandomSource;
  #nowMs: number;

  constructor({ start = "2025-03-03T08:00:00Z", seed = 1 }: ClockOptions = {}) {
    this.#nowMs = Date.parse(start);
    this.random = new RandomSource(seed);
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

  /** A UUIDv7 greater than all earlier ones. */
  nextId(): string {
    this.#nowMs += 1;
    const time = this.#nowMs.toString(16).padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${this.random.hex(3)}-8${this.random.hex(3)}-${this.random.hex(6)}${this.random.hex(6)}`;
  }

  /**
   * A UTC timestamp later than all earlier ones, with 0, 3, 6 or 9 decimals, as Java prints them.
   */
  nextInstant(): string {
    this.#nowMs += 1;
    const digits = [0, 3, 3, 6, 6, 6, 9, 9][this.random.below(8)] ?? 0;
    if (digits === 0) this.#nowMs = Math.ceil(this.#nowMs / 1000) * 1000;
    const [second, milliseconds] = new Date(this.#nowMs).toISOString().slice(0, -1).split(".");
    if (digits === 0) return `${second ?? ""}Z`;
    const finer = String(this.random.below(1_000_000)).padStart(6, "0");
    return `${second ?? ""}.${`${milliseconds ?? ""}${finer}`.slice(0, digits)}Z`;
  }
}
