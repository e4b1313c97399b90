import type { OpikClock } from "./clock.ts";
import { ItemHistory, type OpikItem, type VersionedItem } from "./item-history.ts";
import type { Json, Members } from "./json.ts";
import { countWrite, migratedVersion, newVersion } from "./version.ts";
import type { CountChange, OpikVersion } from "./version.ts";

/*
 * What moves when items are written, as on the server:
 *
 *   write                            version hash   items_*   version's last_updated_at   dataset's
 *   (nothing given): new version     new            new       new                         stays
 *   inPlace                          stays          move      moves, in whole seconds     stays
 *   inPlace, counters "later"        stays          stay until `moveCounters()`           stays
 *   inPlace, counters "never"        stays          stay      stays                       stays
 *   inPlace, items_total is -1       stays          stay      stays                       stays
 *   withoutVersion                   there is none                                        stays
 *   server without versions          there is none                                        stays
 *
 * A written item gets a new `last_updated_at`, and one that is written whole (`addItems`) a new
 * `created_at`. `updateDataset` and `updateProject` of the workspace move `last_updated_at`.
 */

/** An item to write. Any member given here replaces the one that the server would generate. */
export interface NewItem extends Members {
  readonly id?: string;
  readonly data: Json;
}

/** How a write of items is stored. By default it creates a version. */
export interface WriteOptions {
  /**
   * Changes the latest version and keeps its hash, as the server does for writes without a
   * `batch_group_id`.
   */
  readonly inPlace?: boolean;
  /** Changes a dataset that has no version yet: pages show its items, streams don't. */
  readonly withoutVersion?: boolean;
  /** When the counts of the version move: by `moveCounters()`, or never, as after a crash. */
  readonly counters?: "later" | "never";
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
  /** The dataset is from a server before versions, and gets its first one when it is read. */
  readonly migrates: boolean;
}

/** One write of items. */
interface Write {
  /** Counts the writes of the dataset, from 1. */
  readonly revision: number;
  /** The number of the version it went to; 0 if it has none. */
  readonly version: number;
  readonly atMs: number;
}

/** A dataset with all versions of its items. */
export class OpikDataset {
  /** The dataset's own members. Replaced when the dataset changes, but not when its items do. */
  entity: OpikEntity;
  readonly #options: DatasetOptions;
  readonly #history = new ItemHistory();
  readonly #writes: Write[] = [];
  /** Oldest first. */
  readonly #versions: OpikVersion[] = [];
  #pendingCounts: { readonly number: number; readonly change: CountChange }[] = [];

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
    return this.#history.size;
  }

  item(id: string): OpikItem | undefined {
    return this.#history.item(id);
  }

  /** Writes items, replacing those with the same id, and returns their ids. */
  addItems(items: readonly NewItem[], write: WriteOptions = {}): string[] {
    const before = this.size;
    const { revision, version } = this.#begin(write);
    const ids = items.map((given) => this.#history.put(this.#newItem(given), revision));
    const added = this.size - before;
    this.#count(version, { added, modified: items.length - added }, write);
    return ids;
  }

  /** Changes members of items, by id. Throws a RangeError if an id is unknown. */
  updateItems(changes: ReadonlyMap<string, Members>, write: WriteOptions = {}): void {
    const found = [...changes].map(([id, change]) => ({ ...this.#requireItem(id), ...change }));
    const { revision, version } = this.#begin(write);
    for (const item of found) {
      const stamp = { last_updated_at: this.#options.clock.nextInstant() };
      this.#history.put({ ...item, last_updated_by: this.#options.user, ...stamp }, revision);
    }
    this.#count(version, { modified: found.length }, write);
  }

  updateItem(id: string, change: Members, write?: WriteOptions): void {
    this.updateItems(new Map([[id, change]]), write);
  }

  deleteItems(ids: readonly string[], write: WriteOptions = {}): void {
    for (const id of ids) this.#requireItem(id);
    const { revision, version } = this.#begin(write);
    for (const id of ids) this.#history.end(id, revision);
    this.#count(version, { deleted: ids.length }, write);
  }

  /** Writes items into another dataset under the ids that they have here. */
  copyItemsTo(target: OpikDataset, ids: readonly string[], write?: WriteOptions): void {
    const copies = ids.map((id) => {
      const { data, source, description, tags, trace_id, span_id } = this.#requireItem(id);
      return { id, data, source, description, tags, trace_id, span_id };
    });
    target.addItems(copies, write);
  }

  /** Moves the counts that writes with `counters: "later"` left behind. */
  moveCounters(): void {
    for (const { number, change } of this.#pendingCounts) this.#move(number, change);
    this.#pendingCounts = [];
  }

  /** Makes the first version of a dataset that is from a server before versions. */
  migrate(): void {
    const last = this.#writes.at(-1);
    if (!this.#options.migrates || !last || this.#versions.length > 0) return;
    this.#versions.push(migratedVersion(this.entity));
    this.#writes.push({ ...last, version: 1, atMs: this.#options.clock.nowMs });
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

  /** The items of a version, newest id first; 0 is what was written without a version. */
  itemsAt(number: number): readonly VersionedItem[] {
    return this.#history.at(this.writesTo(number).at(-1)?.revision ?? 0);
  }

  /** The items after one write, newest id first. */
  itemsAfter({ revision }: Write): readonly VersionedItem[] {
    return this.#history.at(revision);
  }

  /** The writes that made a version, oldest first; all of them on a server without versions. */
  writesTo(number: number): readonly Write[] {
    if (!this.versioned) return this.#writes;
    return this.#writes.filter(({ version }) => version === number);
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

  /** Starts a write, and creates the version it goes to if there is none. */
  #begin({ inPlace = false, withoutVersion = false }: WriteOptions): Write {
    const { clock, user, versioned } = this.#options;
    this.migrate();
    const count = this.#versions.length;
    if (withoutVersion && count > 0) throw new RangeError(`dataset ${this.id} has a version`);
    const isDraft = !versioned || withoutVersion;
    const version = isDraft ? 0 : count + (inPlace && count > 0 ? 0 : 1);
    if (version > count) {
      const known = newVersion(version, { clock, user, datasetId: this.id });
      this.#versions.push({ ...known, items_total: this.size });
    }
    const write = { revision: this.#writes.length + 1, version, atMs: clock.nowMs };
    this.#writes.push(write);
    return write;
  }

  #count(number: number, change: CountChange, { counters }: WriteOptions): void {
    if (counters === "later") this.#pendingCounts.push({ number, change });
    else if (counters === undefined) this.#move(number, change);
  }

  #move(number: number, change: CountChange): void {
    const version = this.#versions[number - 1];
    if (version)
      this.#versions[number - 1] = countWrite(version, change, this.#options.clock.nowMs);
  }
}
