import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Seeded random choices: the same seed makes the same ones. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** An integer from `from` to `to`, both inclusive. */
  between(from: number, to: number): number {
    return uniformInt(this.#generator, from, to);
  }

  /** A number from 0 to 1, exclusive. */
  fraction(): number {
    return this.between(0, 2 ** 31 - 1) / 2 ** 31;
  }

  /** True with a probability of 1 in `times`. */
  oneIn(times: number): boolean {
    return this.between(1, times) === 1;
  }

  /** A number from 0 to 12, mostly small, as most syncs have few requests. */
  smallCount(): number {
    return this.between(0, this.pick([2, 5, 12]));
  }

  /** One of the elements. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.between(0, list.length - 1)];
    if (picked === undefined) throw new RangeError("there is nothing to pick from");
    return picked;
  }

  /** A copy in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.map(() => {
      const [element] = rest.splice(this.between(0, rest.length - 1), 1);
      return element as T;
    });
  }

  /** An independent generator, whose choices do not depend on later calls of this one. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 31 - 1));
  }
}
