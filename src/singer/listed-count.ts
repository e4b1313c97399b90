import type { Value } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";

/** Counts what a listing of the whole table has shown, by the sweeps that end it. */
export class ListedCount {
  /** The number of keys in the last such listing; undefined if there was none. */
  count: number | undefined;
  /** The keys of ranges so far, which begin without a lower end and are adjacent. */
  #ranges: { readonly below: Value; readonly count: number } | undefined;

  /** Adds a sweep: of the whole table, or of its next range in ascending order. */
  add({ where, range, by, keys }: Sweep): void {
    if (where || by) return;
    const before = range?.from == null ? 0 : this.#countBelow(range.from);
    this.#ranges = undefined;
    if (before === undefined) return;
    const count = before + keys.length;
    if (range?.below == null) this.count = count;
    else this.#ranges = { below: range.below, count };
  }

  #countBelow(from: Value): number | undefined {
    const { below, count } = this.#ranges ?? {};
    return below === from ? count : undefined;
  }
}
