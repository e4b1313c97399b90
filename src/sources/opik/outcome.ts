import { partitionKey } from "../../core/partition-key.ts";
import type { Rejected, Sweep } from "../../core/source.ts";
import type { Dataset } from "./dataset.ts";
import type { DatasetEntry, SeenItems } from "./dataset-entry.ts";
import type { ItemWalk } from "./item-walk.ts";
import { settlingMs, type Version } from "./version.ts";

/** What a walk over a dataset has proven. */
export interface Outcome {
  /** For the ledger. */
  readonly entry: DatasetEntry;
  /**
   * Marks what the walk did not show as deleted, if that is proven, and removes what earlier walks
   * have put into quarantine.
   */
  readonly sweep: Sweep;
  /** What is missing. */
  readonly rejected?: readonly Rejected[];
}

/** What earlier syncs know of a dataset. */
export interface Before {
  /** What all their walks showed. */
  readonly seen: SeenItems | undefined;
  /** Since when they could not tell what was deleted, as ISO 8601. */
  readonly unmarkedSince: string | undefined;
}

/** Decides what the walks over one dataset have proven. */
export class Outcomes {
  readonly #dataset: Dataset;
  readonly #before: Before;
  readonly #startedAt: string;

  constructor(dataset: Dataset, before: Before, startedAt: Date) {
    this.#dataset = dataset;
    this.#before = before;
    this.#startedAt = startedAt.toISOString();
  }

  /** Of one walk alone; undefined if it is not proven that it has shown every item. */
  of(walk: ItemWalk, version: Version): Outcome | undefined {
    const { unreadable } = walk;
    // An item that cannot be read may be any of the rows.
    if (unreadable.length > 0) {
      const entry = { ...this.#entry(walk, version), ...unlessSettled(version), unreadable };
      return { entry, sweep: this.#noRows };
    }
    return isProven(walk, version) ? this.ofComplete(walk, version) : undefined;
  }

  /** Every item was shown. */
  ofComplete(walk: ItemWalk, version: Version): Outcome {
    const entry = { ...this.#entry(walk, version), ...unlessSettled(version) };
    return this.#swept(entry, walk.sweep());
  }

  /**
   * The version counts other items than were shown: a replica of the service may lag behind. That
   * the count is wrong is believed if the same items are shown for some time. From then on, a
   * version that is off by as many is no news; it marks nothing before it is believed, too.
   */
  ofShort(walk: ItemWalk, version: Version): Outcome {
    const { items = 0, isSettled, date } = version;
    const lacks = items - walk.items;
    const seen = this.#seen(walk, date);
    const counts = `dataset "${this.#dataset.name}": the service counts ${items} items and shows ${walk.items}`;
    if (isSettled && !walk.hasUnkeyed && date - seen.since >= settlingMs) {
      const gap = { ...this.#gap(`${counts}, always the same`), settled: true };
      const { entry, sweep } = this.ofComplete(walk, version);
      return { entry: { ...entry, seen: { ...seen, lacks } }, sweep, rejected: [gap] };
    }
    const known = this.#before.seen?.lacks;
    const isKnown = isSettled && known === lacks;
    const reason = `${counts}; nothing was marked as deleted, the next sync reads it again`;
    const entry = { ...this.#entry(walk, version), seen: { ...seen, lacks: known, isShort: true } };
    const rejected = [{ ...this.#gap(reason), ...(isKnown ? { settled: true } : {}) }];
    return { ...this.#swept(entry, undefined), rejected };
  }

  /**
   * Nothing tells how many items there are, so rows are marked only if the same items are shown for
   * some time. Undefined if the walk may have missed some: pages that do not overlap prove nothing,
   * unless the walk before it showed the same items. A walk misses an item only if another one
   * that it showed was deleted meanwhile, which the next walk does not show.
   *
   * @param before - The walk before it.
   */
  ofUncounted(walk: ItemWalk, version: Version, before?: ItemWalk): Outcome | undefined {
    const isSame = before?.digest !== undefined && walk.digest === before.digest;
    const isWhole = (walk.isWhole || walk.items === 0) && walk.items === (walk.total ?? walk.items);
    if (!isWhole && !isSame) return undefined;
    const isOther = before !== undefined && !isSame;
    const seen = isOther
      ? { digest: walk.digest ?? "", since: version.date }
      : this.#seen(walk, version.date);
    // An item that came without its id may be any of the rows.
    const isProven = version.date - seen.since >= settlingMs && !walk.hasUnkeyed;
    const sweep = isProven ? walk.sweep() : undefined;
    return this.#swept({ ...this.#entry(walk, version), seen }, sweep);
  }

  /** Without a sweep, the entry says since when that is so. */
  #swept(entry: DatasetEntry, sweep: Sweep | undefined): Outcome {
    if (sweep) return { entry, sweep };
    const unmarkedSince = this.#before.unmarkedSince ?? this.#startedAt;
    return { entry: { ...entry, unmarkedSince }, sweep: this.#noRows };
  }

  /** Sweeps the end of a range that no id is in: marks nothing. */
  get #noRows(): Sweep {
    const range = { column: "item_id", below: "" };
    return { where: { dataset_id: this.#dataset.id }, range, keys: [] };
  }

  #entry({ rows }: ItemWalk, { fingerprint }: Version): DatasetEntry {
    const version = fingerprint === undefined ? {} : { version: fingerprint };
    return { ...version, at: this.#startedAt, rows };
  }

  /** The items that a walk showed, and since when that has been so. */
  #seen({ digest = "" }: ItemWalk, date: number): SeenItems {
    const { seen } = this.#before;
    return { digest, since: digest !== "" && seen?.digest === digest ? seen.since : date };
  }

  #gap(reason: string): Rejected {
    const { id, name } = this.#dataset;
    return { key: partitionKey(id), payload: name, where: { dataset_id: id }, reason };
  }
}

function unlessSettled({ isSettled }: Version): Pick<DatasetEntry, "unsettled"> {
  return isSettled ? {} : { unsettled: true };
}

/** Whether a walk has shown every item of the version. */
function isProven(walk: ItemWalk, { items }: Version): boolean {
  return walk.isWhole && walk.agrees && !walk.hasUnkeyed && walk.items === items;
}
