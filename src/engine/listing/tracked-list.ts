import { partitionKey } from "../../core/partition-key.ts";
import type { Checkpoint, Rejected, StreamBatch } from "../../core/source.ts";
import { Ledger } from "../ledger.ts";
import { refusalOf, warnOfChange, type MassDeletionError } from "../mass-deletion.ts";
import type { Listing } from "./list-items.ts";
import { UnprovenError, type ListedItem } from "./listing-service.ts";
import type { SavedList, TrackedListOptions } from "./saved-list.ts";

/** An item that the listing lacks, although an earlier sync read it. */
export interface MissingItem {
  readonly id: string;
  /** Whether the listing of the previous sync lacked it, too. */
  readonly wasMissed: boolean;
}

/** What a source knows of items that the listing lacks. */
interface GoneItems {
  /** Which of them are gone, as far as that can be known. */
  readonly find: (missing: readonly MissingItem[]) => Promise<ReadonlySet<string>>;
  /** Batches that mark the rows of these items as deleted. */
  readonly mark: (ids: readonly string[]) => Iterable<StreamBatch> | AsyncIterable<StreamBatch>;
}

/** How one stream reads one list in this sync: what is there, what was read, what is gone. */
export class TrackedList<Item extends ListedItem> {
  readonly ledger: Ledger;
  readonly #options: TrackedListOptions;
  readonly #saved: SavedList;
  readonly #refusal: MassDeletionError | undefined;
  /** Why the listing, or what is asked by name, proves nothing. */
  #doubt: string | undefined;
  readonly #newItems = new Set<string>();
  #listing: Listing<Item>;

  constructor(options: TrackedListOptions, saved: SavedList, listing: Listing<Item>) {
    const { partition, scope, label, noun } = options;
    this.#options = options;
    this.#saved = saved;
    this.#listing = listing;
    this.#doubt = listing.doubt;
    this.ledger = new Ledger(options.options.checkpoints, partition, scope);
    const judged = { where: label, noun, believed: saved.believed, shown: listing.items.size };
    const refusal = listing.isFull ? refusalOf(judged, options.options) : undefined;
    this.#refusal = refusal ?? options.refusedBy;
    const before = { ...judged, believed: saved.believedElsewhere };
    if (listing.isFull && !this.#refusal)
      warnOfChange(before, "the settings were", options.options.log);
  }

  /** What the service shows in this sync. */
  get listing(): Listing<Item> {
    return this.#listing;
  }

  /**
   * Adds items to a listing of recent ones that it lacks and that must be looked at all the same.
   *
   * @param isDue - Whether that is so, by an item's id and entry.
   */
  async addByName(
    reader: { listByName(ids: readonly string[]): Promise<readonly Item[]> },
    isDue: (id: string, entry: string | undefined) => boolean,
  ): Promise<void> {
    if (this.#listing.isFull) return;
    const items = new Map(this.#listing.items);
    const due = [...this.ledger.ids()].filter(
      (id) => !items.has(id) && isDue(id, this.ledger.get(id)),
    );
    for (const item of await reader.listByName(due)) items.set(item.id, item);
    this.#listing = { ...this.#listing, items };
  }

  /**
   * Marks the rows of items as deleted that were read earlier and are gone now; of none unless the
   * listing is believed. Their entries are invalid before their rows are marked: an item that comes
   * back before it is forgotten is read again.
   */
  async *deleteGone({ find, mark }: GoneItems): AsyncGenerator<StreamBatch> {
    const gone = await this.#findGone(find);
    if (gone.length === 0) return;
    for (const id of gone) this.ledger.set(id, "");
    yield* this.ledger.changes();
    yield* mark(gone);
    for (const id of gone) this.ledger.delete(id);
    yield* this.ledger.changes();
  }

  async #findGone(find: GoneItems["find"]): Promise<readonly string[]> {
    if (!this.#isBelieved || !this.listing.isFull) return [];
    const missing: MissingItem[] = [];
    for (const id of this.ledger.ids()) {
      const isShown = this.listing.items.has(id);
      const wasMissed = this.ledger.note(id, isShown);
      if (!isShown) missing.push({ id, wasMissed });
    }
    if (missing.length === 0) return [];
    try {
      return [...(await find(missing))];
    } catch (error) {
      if (!(error instanceof UnprovenError)) throw error;
      this.#doubt = error.message;
      return [];
    }
  }

  /**
   * Enters new items into the ledger, before any row of them is written: whatever happens then,
   * they are asked for when they are gone.
   */
  *enterNew(): Generator<StreamBatch> {
    for (const id of this.listing.items.keys()) {
      if (this.ledger.has(id)) continue;
      this.#newItems.add(id);
      this.ledger.set(id, "");
    }
    yield* this.ledger.changes();
  }

  /**
   * Starts over: everything is read again, by the next sync if this one is interrupted.
   *
   * @param more - What the stream saves with it.
   */
  *startOver(more: Checkpoint = {}): Generator<StreamBatch> {
    this.ledger.invalidate();
    yield* this.ledger.changes();
    const { current } = this.#saved;
    if (current) yield this.#checkpointBatch({ ...current, ...more });
  }

  /** Whether the table may have rows of an item. Call it after `enterNew`. */
  mayHaveRows(id: string): boolean {
    return this.#saved.isFirst || !this.#newItems.has(id);
  }

  /**
   * Marks rows as deleted of which nothing is known, as after an upgrade, and whose items the
   * proven listing lacks.
   *
   * @param column - The column with the items' ids.
   */
  *sweepUnknown(column: string): Generator<StreamBatch> {
    if (this.canSweepUnknown) yield this.#sweepBatch(column);
  }

  /**
   * Marks all rows as deleted whose items neither the proven listing nor the ledger has.
   *
   * @param column - The column with the items' ids. Default: the primary key.
   * @returns Whether the listing is proven.
   */
  *sweepAll(column?: string): Generator<StreamBatch, boolean> {
    const { isFull, hidden } = this.listing;
    const canSweep = this.#isBelieved && isFull && hidden === 0;
    if (canSweep) yield this.#sweepBatch(column, this.ledger.ids());
    return canSweep;
  }

  /** @param others - Items besides those listed that are not gone. */
  #sweepBatch(column?: string, others: Iterable<string> = []): StreamBatch {
    const { where } = this.#options;
    const keys = [...new Set([...this.listing.items.keys(), ...others])].map((id) => [id]);
    const sweep = {
      ...(Object.keys(where).length > 0 ? { where } : {}),
      ...(column === undefined ? {} : { by: [column] }),
      keys,
    };
    return { rows: [], bytes: 0, sweep };
  }

  /**
   * At the end: what the next sync needs. Throws a MassDeletionError if the listing was refused.
   *
   * @param more - What the stream saves with it.
   */
  *end(more: Checkpoint = {}): Generator<StreamBatch> {
    const { scope } = this.#options;
    const { items, hidden, isFull } = this.listing;
    const believed = isFull && this.#isBelieved ? items.size : this.#saved.believed || items.size;
    const isUnswept = this.#saved.isFirst && !this.canSweepUnknown;
    const state = {
      ...{ scope, believed, ...more },
      ...(hidden > 0 ? { hidden } : {}),
      ...(isUnswept ? { unswept: true } : {}),
      ...this.#listed(),
    };
    const gap = this.#gap();
    yield {
      ...this.#checkpointBatch(state),
      ...(gap ? { rejected: [gap] } : {}),
      ...(isFull ? {} : { note: this.#note() }),
    };
    if (this.#refusal) throw this.#refusal;
  }

  /** When items were listed, for the next sync; not if it must list all of them. */
  #listed(): Checkpoint {
    const { listEveryMinutes = 0 } = this.#options;
    if (listEveryMinutes === 0 || !this.#isBelieved) return {};
    const { items, date, isFull } = this.listing;
    const before = isFull ? undefined : this.#saved.current?.listed;
    let newest = before?.newest ?? 0;
    for (const { created } of items.values()) {
      const ms = Date.parse(created);
      if (ms > newest) newest = ms;
    }
    return { listed: { at: date, allAt: before?.allAt ?? date, newest } };
  }

  #note(): string {
    const { label, noun } = this.#options;
    const listed = new Date(this.#saved.current?.listed?.allAt ?? 0).toISOString();
    return `${label}: all ${noun} were last listed at ${listed.slice(0, 16).replace("T", " ")} UTC`;
  }

  #checkpointBatch(checkpoint: Checkpoint): StreamBatch {
    const { partition } = this.#options;
    return { rows: [], bytes: 0, ...(partition === "" ? {} : { partition }), checkpoint };
  }

  /** Whether rows of unknown items are of items that are gone: this listing alone must prove it. */
  get canSweepUnknown(): boolean {
    const { hidden, provesAbsence } = this.listing;
    return this.#saved.isFirst && this.#isBelieved && hidden === 0 && provesAbsence;
  }

  /** Whether the listing is proven, so that items may be marked as deleted. */
  get #isBelieved(): boolean {
    return this.#doubt === undefined && !this.#refusal;
  }

  /** The entry for what the listing is known to lack, or may lack. */
  #gap(): Rejected | undefined {
    const { partition, where, label, noun } = this.#options;
    const { hidden } = this.listing;
    const doubt = this.#doubt;
    const entry = { key: partitionKey(partition), payload: label, where };
    if (doubt !== undefined) {
      const reason = `the list of ${noun} may be incomplete, because ${doubt}; nothing was marked as deleted`;
      return { ...entry, reason };
    }
    if (hidden === 0) return undefined;
    const settled = this.#saved.current !== undefined && hidden <= this.#saved.hidden;
    const counted = `${hidden} more ${hidden === 1 ? noun.replace(/s$/, "") : noun}`;
    return { ...entry, settled, reason: `the service counts ${counted} than it shows` };
  }
}
