import { seededRandom } from "./seeded-random.ts";

/** All chance of a stand-in, which comes from its seed. */
export class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
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
}
