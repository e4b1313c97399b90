import { Random } from "../support/random.ts";
import type { Disturbance } from "./disturbance.ts";
import type { Storage } from "./storage.ts";

/** Which disturbances to pick. */
interface PickOptions {
  /** Number of the round, from 0, among those that share `all`. */
  readonly round: number;
  /** Disturbances of each round. */
  readonly count: number;
  /** Varies the order between lists that are used side by side. */
  readonly salt: number;
}

/**
 * Picks the disturbances of a round. Consecutive rounds go through the whole list, which is
 * reshuffled after each pass; the same options always pick the same ones.
 */
export function pickDisturbances<Where extends Storage>(
  all: readonly Disturbance<Where>[],
  { round, count, salt }: PickOptions,
): readonly Disturbance<Where>[] {
  return Array.from({ length: Math.min(count, all.length) }, (_, index) => {
    const position = round * count + index;
    const pass = Math.floor(position / all.length);
    const picked = new Random(pass * 1000 + salt).shuffled(all)[position % all.length];
    if (!picked) throw new RangeError("there is no disturbance to pick");
    return picked;
  });
}
