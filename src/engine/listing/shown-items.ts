import type { ListedItem, CreationRange } from "./listing-service.ts";

/** The items that a listing has shown so far. */
export class ShownItems<Item extends ListedItem> {
  readonly #items = new Map<string, Item>();

  /** By id. */
  get byId(): ReadonlyMap<string, Item> {
    return this.#items;
  }

  /** Adds items; of two answers about an item, the earlier counts: nothing in it came later. */
  add(items: readonly Item[]): void {
    for (const item of items) if (!this.#items.has(item.id)) this.#items.set(item.id, item);
  }

  /** The items created in a range, by their creation. */
  within(range: CreationRange): Item[] {
    return [...this.#items.values()]
      .filter((item) => isWithin(item, range))
      .sort((a, b) => (a.created < b.created ? -1 : Number(a.created > b.created)));
  }
}

/** Whether an item was created in a range. */
export function isWithin({ created }: ListedItem, { from, below }: CreationRange): boolean {
  return (from === undefined || created >= from) && (below === undefined || created < below);
}
