import { type Row, plainText } from "../../core/schema.ts";
import type { Rejected, StreamBatch, Sweep } from "../../core/source.ts";
import { SetDigest } from "../../engine/set-digest.ts";
import { SweepTracker, type TraversalPosition } from "../../engine/sweep-tracker.ts";
import type { Client } from "../../http/client.ts";
import type {
  DescendingPage,
  DescendingPages,
  DescendingPosition,
} from "../../http/paging/descending-list.ts";
import { descendingPages } from "../../http/paging/descending-pages.ts";
import type { PageMapper } from "../../http/paging/page-mapper.ts";
import { apiPath } from "./client.ts";
import type { Dataset } from "./dataset.ts";
import type { Version } from "./version.ts";
import { rowKeys } from "./workspace-lists.ts";

/**
 * When rows that a walk does not show are marked as deleted: page by page, only when it has ended,
 * or not at all.
 */
export type SweepMode = "pages" | "end" | "none";

/** Where an interrupted walk resumes. */
export interface WalkPosition {
  readonly page: DescendingPosition;
  readonly shown: TraversalPosition;
}

interface WalkOptions {
  readonly client: Client;
  readonly mapper: PageMapper;
  readonly dataset: Dataset;
  readonly version: Version;
  /** Items per page, at most. */
  readonly size: number;
  readonly mode: SweepMode;
  readonly resume?: WalkPosition | undefined;
  /** The dataset was read before in this sync. */
  readonly again: boolean;
}

/** One walk over the items of a version, or of a dataset without one. */
export class ItemWalk {
  /** Whether every answer counted as many items as the version has. */
  agrees = true;
  /** Whether something came without an id: it may be any of the items. */
  hasUnkeyed = false;
  /** Offsets of items that the service could not deliver. */
  readonly unreadable: number[] = [];
  readonly #options: WalkOptions;
  readonly #tracker: SweepTracker;
  readonly #pages: DescendingPages;
  readonly #digest = new SetDigest();
  #lastId: string | undefined;
  /** Ids that came out of order, and may come twice. */
  readonly #lateIds = new Set<string>();
  #rejected = 0;
  #position: WalkPosition | undefined;

  constructor(options: WalkOptions) {
    const { client, mapper, dataset, version, size, resume, mode, again } = options;
    const { primaryKey } = mapper;
    this.#options = options;
    const where = { dataset_id: dataset.id };
    const key = "item_id";
    this.#tracker = new SweepTracker({ key, primaryKey, where, resume: resume?.shown, again });
    if (mode === "end") this.#tracker.collect();
    this.#position = resume;
    this.#pages = descendingPages(client, {
      path: itemsPath(dataset),
      query: { version: version.hash, truncate: false },
      rowKeys,
      size,
      expected: version.items,
      from: resume?.page,
    });
  }

  /** Whether nothing can be missing, as far as the order of the items proves it. */
  get isWhole(): boolean {
    return this.#pages.isWhole;
  }

  /** How many items the service counts, by its latest answer. */
  get total(): number | undefined {
    return this.#pages.total;
  }

  /** The number of distinct items that were written. */
  get rows(): number {
    return this.#tracker.distinctKeys;
  }

  /** The number of distinct items, those included that cannot be stored. */
  get items(): number {
    return this.rows + this.#rejected;
  }

  /** Tells apart walks that showed other items. Undefined if this one was resumed. */
  get digest(): string | undefined {
    return this.#options.resume ? undefined : this.#digest.toString();
  }

  /** Where the walk would resume. */
  get position(): WalkPosition | undefined {
    return this.#position;
  }

  /** Marks what is left as deleted, once the walk is proven. */
  sweep(): Sweep | undefined {
    return this.#options.mode === "none" ? undefined : this.#tracker.finish();
  }

  /** The items, page by page. */
  async *batches(): AsyncGenerator<StreamBatch> {
    const { items } = this.#options.version;
    for await (const page of this.#pages) {
      if (items !== undefined && page.unreadable === undefined && page.total !== items)
        this.agrees = false;
      yield page.unreadable === undefined ? this.#batch(page) : this.#unreadableItem(page);
    }
    if (items !== undefined && (this.#pages.total ?? 0) !== items) this.agrees = false;
  }

  #batch(page: DescendingPage): StreamBatch {
    const { mapper, dataset, mode } = this.#options;
    // An item's own `dataset_id` may be missing or differ; `raw` keeps what was sent.
    const { rows, rejected, unkeyed } = mapper.map(page, { dataset_id: dataset.id });
    const ids = rows.map((row) => plainText(row["item_id"]));
    // The service may order items by another id than their own: the id of a row in one version.
    const isInOrder = page.next?.below === ids.at(-1);
    if (!page.isProven || !this.agrees || !isInOrder || unkeyed > 0) this.#tracker.collect();
    const sweep = this.#tracker.addPage(ids);
    for (const id of ids) this.#addToDigest(id);
    if (unkeyed > 0) this.hasUnkeyed = true;
    // What has no id is none that was shown: it may be any of the rows.
    this.#rejected += rejected.length - unkeyed;
    this.#position = this.#positionAfter(page);
    return {
      rows,
      rejected: rejected.map((entry) => locate(entry, dataset, rows)),
      bytes: page.bytes,
      held: page.held,
      ...(sweep && mode === "pages" ? { sweep } : {}),
    };
  }

  #addToDigest(id: string): void {
    if (this.#lastId === undefined || id < this.#lastId) this.#lastId = id;
    else if (this.#lateIds.has(id)) return;
    else this.#lateIds.add(id);
    this.#digest.add(id);
  }

  #positionAfter({ next }: DescendingPage): WalkPosition | undefined {
    const shown = this.#tracker.resume;
    // Items that were rejected are not among those shown.
    return next && shown && this.#rejected === 0 ? { page: next, shown: { ...shown } } : undefined;
  }

  #unreadableItem({ unreadable = "", unreadableAt = 0 }: DescendingPage): StreamBatch {
    const { dataset, version } = this.#options;
    this.unreadable.push(unreadableAt);
    this.#tracker.collect();
    this.#position = undefined;
    const page = { version: version.hash ?? null, page: unreadableAt + 1, size: 1 };
    const key = unreadableKey(dataset, page);
    const where = { dataset_id: dataset.id };
    const reason = `dataset "${dataset.name}": the service cannot deliver an item: ${unreadable}`;
    return { rows: [], bytes: 0, rejected: [{ key, payload: "", reason, where }] };
  }
}

/** The quarantine key of an item that the service could not deliver. */
function unreadableKey({ id }: Dataset, page: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([id, page]);
}

/**
 * Whether a quarantine key is that of an item that was read: neither of one that the service could
 * not deliver, nor of the number of a dataset's rows.
 */
export function isItemKey(key: string): boolean {
  return key.startsWith("[") && !/^\["[^"]*",\{"version":/.test(key);
}

/** Adds the entry's location: its dataset, and the last item of its page. */
function locate(entry: Rejected, { id }: Dataset, rows: readonly Row[]): Rejected {
  const last = rows.at(-1);
  const where = { dataset_id: id, ...(last ? { item_id: last["item_id"] } : {}) };
  return { ...entry, key: JSON.stringify([id, entry.key]), where };
}

/** The path of the items of a dataset. */
export function itemsPath({ id }: Dataset): string {
  return `${apiPath}/datasets/${encodeURIComponent(id)}/items`;
}
