import type { OpikClock } from "./clock.ts";
import { entityJson } from "./json.ts";
import type { Json, Members } from "./json.ts";

/** A dataset item as it is stored. */
interface OpikItem extends Members {
  readonly id: string;
  readonly data: Json;
}

/** An item to write. Any member given here replaces the one that the server would generate. */
export interface NewItem extends Members {
  readonly id?: string;
  readonly data: Json;
}

/** A dataset version, with its counts of items. */
export interface OpikVersion extends Members {
  readonly id: string;
  readonly version_hash: string;
  readonly version_name: string;
  readonly items_total: number;
  readonly items_added: number;
  readonly items_modified: number;
  readonly items_deleted: number;
}

/** How a write of items is stored. */
interface WriteOptions {
  /**
   * Changes the latest version instead of creating one, and keeps its hash, as the server does for
   * writes without a `batch_group_id`.
   */
  readonly inPlace?: boolean;
}

/** A project, or a dataset without its items. */
export interface OpikEntity extends Members {
  readonly id: string;
  readonly name: Json;
}

/** What a dataset gets from its workspace. */
interface DatasetOptions {
  readonly clock: OpikClock;
  readonly user: string;
  /** False for an older server, which has only the current items. */
  readonly versioned: boolean;
}

/** An item that exists in versions [since, until): versions share the items that did not change. */
export class VersionedItem {
  readonly item: OpikItem;
  readonly since: number;
  until = Infinity;
  #text: string | undefined;

  constructor(item: OpikItem, since: number) {
    this.item = item;
    this.since = since;
  }

  /** The item as JSON. */
  get text(): string {
    return (this.#text ??= entityJson(this.item));
  }
}

/** A dataset with all versions of its items. */
export class OpikDataset {
  /** The dataset's own members. Replaced when the dataset changes, but not when its items do. */
  entity: OpikEntity;
  readonly #options: DatasetOptions;
  readonly #items: VersionedItem[] = [];
  /** The items of the latest version, by id. */
  readonly #latest = new Map<string, VersionedItem>();
  /** Oldest first. */
  readonly #versions: OpikVersion[] = [];
  /** Results of `itemsAt` for a few recently read versions. */
  readonly #recentlyRead = new Map<number, readonly VersionedItem[]>();

  constructor(entity: OpikEntity, options: DatasetOptions) {
    this.entity = entity;
    this.#options = options;
  }

  get id(): string {
    return this.entity.id;
  }

  get versioned(): boolean {
    return this.#options.versioned;
  }

  /** Oldest first. */
  get versions(): readonly OpikVersion[] {
    return this.#versions;
  }

  /** The number of items in the latest version. */
  get size(): number {
    return this.#latest.size;
  }

  item(id: string): OpikItem | undefined {
    return this.#latest.get(id)?.item;
  }

  /** Writes items, replacing those with the same id, and returns their ids. */
  addItems(items: readonly NewItem[], write?: WriteOptions): string[] {
    const number = this.#begin(write);
    const before = this.#latest.size;
    const ids = items.map((given) => this.#put(this.#newItem(given), number));
    const added = this.#latest.size - before;
    this.#commit(number, { added, modified: items.length - added });
    return ids;
  }

  /** Changes members of items, by id. Throws a RangeError if an id is unknown. */
  updateItems(changes: ReadonlyMap<string, Members>, write?: WriteOptions): void {
    const found = [...changes].map(([id, change]) => ({ ...this.#requireItem(id), ...change }));
    const number = this.#begin(write);
    for (const item of found) this.#put({ ...item, ...this.#updateStamp() }, number);
    this.#commit(number, { modified: found.length });
  }

  updateItem(id: string, change: Members, write?: WriteOptions): void {
    this.updateItems(new Map([[id, change]]), write);
  }

  deleteItems(ids: readonly string[], write?: WriteOptions): void {
    for (const id of ids) this.#requireItem(id);
    const number = this.#begin(write);
    for (const id of ids) this.#end(id, number);
    this.#commit(number, { deleted: ids.length });
  }

  /**
   * The number of the version with this hash, counted from 1, or of the latest one. 0 if there is
   * no version yet; undefined if the hash is unknown.
   */
  versionNumber(hashOrTag = "latest"): number | undefined {
    if (hashOrTag === "latest" || !this.versioned) return this.#versions.length;
    const index = this.#versions.findIndex((version) => version.version_hash === hashOrTag);
    return index < 0 ? undefined : index + 1;
  }

  /** The items of a version, newest id first. */
  itemsAt(number: number): readonly VersionedItem[] {
    const cached = this.#recentlyRead.get(number);
    if (cached) return cached;
    const items = this.#items
      .filter(({ since, until }) => since <= number && number < until)
      .sort((a, b) => (a.item.id < b.item.id ? -1 : 1))
      .reverse();
    if (this.#recentlyRead.size >= 4) this.#recentlyRead.clear();
    this.#recentlyRead.set(number, items);
    return items;
  }

  #newItem(given: NewItem): OpikItem {
    const { clock, user } = this.#options;
    const id = given.id ?? clock.nextId();
    const created_at = clock.nextInstant();
    return {
      id,
      dataset_item_id: id,
      dataset_id: this.id,
      source: "sdk",
      created_at,
      last_updated_at: created_at,
      created_by: user,
      last_updated_by: user,
      ...given,
    };
  }

  #requireItem(id: string): OpikItem {
    const item = this.item(id);
    if (!item) throw new RangeError(`dataset ${this.id}: no item ${id}`);
    return item;
  }

  #updateStamp(): Members {
    return {
      last_updated_at: this.#options.clock.nextInstant(),
      last_updated_by: this.#options.user,
    };
  }

  /** The number of the version that a write goes to. */
  #begin({ inPlace = false }: WriteOptions = {}): number {
    if (!this.versioned) return 0;
    if (inPlace && this.#versions.length > 0) return this.#versions.length;
    return this.#versions.length + 1;
  }

  #put(item: OpikItem, number: number): string {
    this.#end(item.id, number);
    const versioned = new VersionedItem(item, number);
    this.#items.push(versioned);
    this.#latest.set(item.id, versioned);
    return item.id;
  }

  #end(id: string, number: number): void {
    const item = this.#latest.get(id);
    if (item) item.until = number;
    this.#latest.delete(id);
  }

  #commit(number: number, { added = 0, modified = 0, deleted = 0 }): void {
    this.#recentlyRead.delete(number);
    if (!this.versioned) return;
    const version = this.#versions[number - 1] ?? this.#newVersion(number);
    this.#versions[number - 1] = {
      ...version,
      items_total: this.size,
      items_added: version.items_added + added,
      items_modified: version.items_modified + modified,
      items_deleted: version.items_deleted + deleted,
      ...this.#updateStamp(),
    };
  }

  #newVersion(number: number): OpikVersion {
    const { clock, user } = this.#options;
    return {
      id: clock.nextId(),
      dataset_id: this.id,
      version_hash: clock.random.hex(8) + clock.random.hex(8),
      version_name: `v${number}`,
      items_total: 0,
      items_added: 0,
      items_modified: 0,
      items_deleted: 0,
      created_at: clock.nextInstant(),
      created_by: user,
    };
  }
}
