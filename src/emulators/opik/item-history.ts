import { entityJson } from "./json.ts";
import type { Json, Members } from "./json.ts";

/** A dataset item as it is stored. */
export interface OpikItem extends Members {
  readonly id: string;
  readonly data: Json;
}

/** An item that exists in revisions [since, until). */
export class VersionedItem {
  readonly item: OpikItem;
  readonly since: number;
  until = Infinity;
  #text: string | undefined;

  constructor(item: OpikItem, since = 0) {
    this.item = item;
    this.since = since;
  }

  /** The item as JSON. */
  get text(): string {
    return (this.#text ??= entityJson(this.item));
  }
}

/**
 * The items of a dataset after each write. A write is a revision; a version is what its last
 * revision left.
 */
export class ItemHistory {
  readonly #items: VersionedItem[] = [];
  readonly #latest = new Map<string, VersionedItem>();
  /** Results of `at` for a few recently read revisions. */
  readonly #recentlyRead = new Map<number, readonly VersionedItem[]>();

  /** The number of items after the last write. */
  get size(): number {
    return this.#latest.size;
  }

  item(id: string): OpikItem | undefined {
    return this.#latest.get(id)?.item;
  }

  put(item: OpikItem, revision: number): string {
    this.end(item.id, revision);
    const versioned = new VersionedItem(item, revision);
    this.#items.push(versioned);
    this.#latest.set(item.id, versioned);
    return item.id;
  }

  end(id: string, revision: number): void {
    const item = this.#latest.get(id);
    if (item) item.until = revision;
    this.#latest.delete(id);
    this.#recentlyRead.delete(revision);
  }

  /** The items after a revision, newest id first. */
  at(revision: number): readonly VersionedItem[] {
    const cached = this.#recentlyRead.get(revision);
    if (cached) return cached;
    const items = this.#items
      .filter(({ since, until }) => since <= revision && revision < until)
      .sort((a, b) => (a.item.id < b.item.id ? 1 : -1));
    if (this.#recentlyRead.size >= 4) this.#recentlyRead.clear();
    this.#recentlyRead.set(revision, items);
    return items;
  }
}
