import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** All chance of a round: the same seed, the same choices. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** An integer between two others, both included. */
  between(from: number, to: number): number {
    return uniformInt(this.#generator, from, to);
  }

  /** Whether something happens that happens once in so many times. */
  oneIn(times: number): boolean {
    return this.between(1, times) === 1;
  }

  /** How many things happen before something: often few, as most syncs have little to do. */
  smallCount(): number {
    return this.between(0, this.pick([2, 5, 12]));
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.between(0, list.length - 1)];
    if (found === undefined) throw new RangeError("there is nothing to pick from");
    return found;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.map(() => {
      const [taken] = rest.splice(this.between(0, rest.length - 1), 1);
      return taken as T;
    });
  }

  /** Chance of its own for a part of the round, so that how much of it is used elsewhere changes nothing here. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 31 - 1));
  }
}
