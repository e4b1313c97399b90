import type { Key, Table } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { parseKey, sortableColumn, SortedKeys } from "./sorted-keys.ts";

/** Up to here, keys stay in memory, and one sweep has all of them. */
const maxHeld = 20_000;

/**
 * The keys that a listing in any order has shown, for the sweep after it. Those of a long listing
 * are sorted in a temporary file, and their sweep is cut into ranges, so that memory is bounded.
 */
export class ListedKeys {
  readonly #table: Pick<Table, "columns" | "primaryKey">;
  #held = new Set<string>();
  #sorted: SortedKeys | undefined;

  constructor(table: Pick<Table, "columns" | "primaryKey">) {
    this.#table = table;
  }

  /** Adds a key, which may have been shown before. */
  add(key: Key): void {
    const text = JSON.stringify(key, (_name, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    if (this.#sorted) this.#sorted.add(text);
    else if (this.#held.add(text).size > maxHeld) this.#sortBy(sortableColumn(this.#table));
  }

  /** The number of distinct keys. */
  count(): number {
    return this.#sorted?.measure().count ?? this.#held.size;
  }

  /** Sweeps that together cover the table: one, or those of ranges of a key column. */
  *sweeps(): Generator<Sweep, void> {
    while (this.#sorted?.isCoarse) {
      const next = sortableColumn(this.#table, this.#sorted.order.by + 1);
      if (next === undefined) break;
      this.#sortBy(next);
    }
    if (this.#sorted) yield* this.#sorted.sweeps();
    else yield { keys: [...this.#held].map(parseKey) };
  }

  [Symbol.dispose](): void {
    this.#sorted?.[Symbol.dispose]();
  }

  /** Sorts all keys by a column; without one that can be sorted, they stay in memory. */
  #sortBy(column: number | undefined): void {
    if (column === undefined) return;
    using previous = this.#sorted;
    this.#sorted = new SortedKeys({ ...this.#table, by: column });
    for (const text of previous?.texts() ?? this.#held) this.#sorted.add(text);
    this.#held = new Set();
  }
}
