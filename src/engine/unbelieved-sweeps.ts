import { plainText } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { isMassDeletion } from "./mass-deletion.ts";

/** A sweep whose keys are one text, which takes a fraction of the memory. */
interface HeldSweep {
  readonly sweep: Omit<Sweep, "keys">;
  readonly keys: string;
}

/**
 * Sweeps of the pages of a traversal, held back until it cannot be a mass deletion any more,
 * however little follows: until about half of what was last believed has been shown. From then on,
 * each page sweeps its own range.
 *
 * For sweeps by one column, whose keys are without line breaks, as those of a `SweepTracker` are
 * while keys descend.
 */
export class UnbelievedSweeps {
  readonly #believed: number;
  #held: HeldSweep[] = [];

  /** @param believed - How much the last listing showed that was believed; 0 to hold nothing. */
  constructor(believed: number) {
    this.#believed = believed;
  }

  /** Whether sweeps would be lost if the traversal ended here. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /**
   * Adds the sweep of a page, and returns the sweeps that are not held back any more.
   *
   * @param shown - How much the traversal has shown so far, this page included.
   */
  add(sweep: Sweep, shown: number): readonly Sweep[] {
    if (isMassDeletion({ believed: this.#believed, shown })) {
      const { keys, ...rest } = sweep;
      this.#held.push({
        sweep: rest,
        keys: keys.map(([key]) => plainText(key)).join("\n"),
      });
      return [];
    }
    return [...this.release(), sweep];
  }

  /** The sweeps that are held, once the traversal is believed. */
  *release(): Generator<Sweep> {
    const held = this.#held;
    this.#held = [];
    for (const { sweep, keys } of held)
      yield { ...sweep, keys: keys.split("\n").map((key) => [key]) };
  }
}
