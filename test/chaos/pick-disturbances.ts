import type { Disturbance } from "./disturbance.ts";
import { Random } from "../support/random.ts";
import type { Storage } from "./storage.ts";

export interface Deal {
  /** Counts the rounds that share a deck. */
  readonly round: number;
  readonly hand: number;
  /** Tells decks that are dealt from side by side. */
  readonly salt: number;
}

/**
 * The disturbances of a round: rounds whose numbers follow each other go through the whole deck, shuffled anew each time, and the
 * number alone says which ones a round gets.
 */
export function deal<Where extends Storage>(
  deck: readonly Disturbance<Where>[],
  { round, hand, salt }: Deal,
): readonly Disturbance<Where>[] {
  return Array.from({ length: Math.min(hand, deck.length) }, (_, index) => {
    const place = round * hand + index;
    const lap = Math.floor(place / deck.length);
    const found = new Random(lap * 1000 + salt).shuffled(deck)[place % deck.length];
    if (!found) throw new RangeError("there is no disturbance to deal");
    return found;
  });
}
