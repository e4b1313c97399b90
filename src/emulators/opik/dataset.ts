import type { OpikClock } from "./clock.ts";
import { entityJson } from "./json.ts";
import type { Json, Members } from "./json.ts";

export interface OpikItem extends Members {
  readonly id: string;
  readonly data: Json;
}

/** What a user writes: a member given here is sent instead of the one that the service would make. */
export interface NewItem extends Members {
  readonly id?: string;
  readonly data: Json;
}

export interface OpikVersion extends Members {
  readonly id: string;
  readonly version_hash: string;
  readonly version_name: string;
  readonly items_total: number;
  readonly items_added: number;
  readonly items_modified: number;
  readonly items_deleted: number;
}

export interface WriteOptions {
  /** Changes the latest version instead of making one, as the service does where a write has no `batch_group_id`: the hash stays. */
  readonly inPlace?: boolean;
}

/** A project, or a dataset without its items. */
export interface OpikEntity extends Members {
  readonly id: string;
  readonly name: Json;
}

export interface DatasetOptions {
  readonly clock: OpikClock;
  readonly user: string;
  /** False for an older service, which knows the items only as they are now. */
  readonly versioned: boolean;
}

/** An item in the versions from `since` up to, and not including, `until`: what a write does not touch is never copied. */
export class VersionedItem {
  readonly item: OpikItem;
  readonly since: number;
  until = Infinity;
  #text: string | undefined;

  constructor(item: OpikItem, since: number) {
    this.item = item;
    this.since = since;
  }

  get text(): string {
    return (this.#text ??= entityJson(this.item));
  }
}

/** A dataset with its items in all their versions. */
export class OpikDataset {
  /** Replaced by the workspace when the dataset itself is changed; a write of items does not change it. */
  entity: OpikEntity;
  readonly #options: DatasetOptions;
  readonly #rows: VersionedItem[] = [];
  /** The rows of the latest version by item id. */
  readonly #latest = new Map<string, VersionedItem>();
  /** Oldest first. */
  readonly #versions: OpikVersion[] = [];
  /** The versions that were read of late, as `rowsOf` answers them. */
  readonly #read = new Map<number, readonly VersionedItem[]>();

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

  get versions(): readonly OpikVersion[] {
    return this.#versions;
  }

  /** How many items the latest version has. */
  get size(): number {
    return this.#latest.size;
  }

  item(id: string): OpikItem | undefined {
    return this.#latest.get(id)?.item;
  }

  /** Writes items, replacing those whose id is there, and returns their ids. */
  addItems(items: readonly NewItem[], write?: WriteOptions): string[] {
    const number = this.#begin(write);
    const before = this.#latest.size;
    const ids = items.map((given) => this.#put(this.#newItem(given), number));
    const added = this.#latest.size - before;
    this.#commit(number, { added, modified: items.length - added });
    return ids;
  }

  /** Changes members of items. Throws where an id is unknown. */
  updateItems(changes: ReadonlyMap<string, Members>, write?: WriteOptions): void {
    const found = [...changes].map(([id, change]) => ({ ...this.#existing(id), ...change }));
    const number = this.#begin(write);
    for (const item of found) this.#put({ ...item, ...this.#updated() }, number);
    this.#commit(number, { modified: found.length });
  }

  updateItem(id: string, change: Members, write?: WriteOptions): void {
    this.updateItems(new Map([[id, change]]), write);
  }

  deleteItems(ids: readonly string[], write?: WriteOptions): void {
    for (const id of ids) this.#existing(id);
    const number = this.#begin(write);
    for (const id of ids) this.#end(id, number);
    this.#commit(number, { deleted: ids.length });
  }

  /** The number of the version with this hash or tag; 0 where there is no version yet, undefined where there is none such. */
  versionNumber(hashOrTag = "latest"): number | undefined {
    if (hashOrTag === "latest" || !this.versioned) return this.#versions.length;
    const index = this.#versions.findIndex((version) => version.version_hash === hashOrTag);
    return index < 0 ? undefined : index + 1;
  }

  /** The rows of a version, newest id first. */
  itemsAt(number: number): readonly VersionedItem[] {
    const read = this.#read.get(number);
    if (read) return read;
    const rows = this.#rows
      .filter(({ since, until }) => since <= number && number < until)
      .sort((a, b) => (a.item.id < b.item.id ? -1 : 1))
      .reverse();
    if (this.#read.size >= 4) this.#read.clear();
    this.#read.set(number, rows);
    return rows;
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

  #existing(id: string): OpikItem {
    const item = this.item(id);
    if (!item) throw new RangeError(`dataset ${this.id}: no item ${id}`);
    return item;
  }

  #updated(): Members {
    return {
      last_updated_at: this.#options.clock.nextInstant(),
      last_updated_by: this.#options.user,
    };
  }

  /** The number of the version that a write goes into. */
  #begin({ inPlace = false }: WriteOptions = {}): number {
    if (!this.versioned) return 0;
    if (inPlace && this.#versions.length > 0) return this.#versions.length;
    return this.#versions.length + 1;
  }

  #put(item: OpikItem, number: number): string {
    this.#end(item.id, number);
    const row = new VersionedItem(item, number);
    this.#rows.push(row);
    this.#latest.set(item.id, row);
    return item.id;
  }

  #end(id: string, number: number): void {
    const row = this.#latest.get(id);
    if (row) row.until = number;
    this.#latest.delete(id);
  }

  #commit(number: number, { added = 0, modified = 0, deleted = 0 }): void {
    this.#read.delete(number);
    if (!this.versioned) return;
    const version = this.#versions[number - 1] ?? this.#newVersion(number);
    this.#versions[number - 1] = {
      ...version,
      items_total: this.size,
      items_added: version.items_added + added,
      items_modified: version.items_modified + modified,
      items_deleted: version.items_deleted + deleted,
      ...this.#updated(),
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
