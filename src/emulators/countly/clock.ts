import { Chance } from "../random.ts";

interface ClockOptions {
  readonly start?: string;
  readonly seed?: number;
}

/** A server's clock that moves only when it is told to or asked something, and all chance that comes from its seed: the same calls give the same workspace. */
export class CountlyClock {
  readonly chance: Chance;
  #nowMs: number;

  constructor({ start = "2025-06-02T08:00:00Z", seed = 1 }: ClockOptions = {}) {
    this.#nowMs = Date.parse(start);
    this.chance = new Chance(seed);
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
    return this.seconds().toString(16).padStart(8, "0") + this.chance.hex(8) + this.chance.hex(8);
  }
}
