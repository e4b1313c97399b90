import { isDue } from "../../core/is-due.ts";
import type { ReadOptions, Rejected, StreamBatch } from "../../core/source.ts";
import type { TrackedList } from "../../engine/listing/tracked-list.ts";
import { parseDataset } from "./dataset.ts";
import { parseEntry, type DatasetEntry } from "./dataset-entry.ts";
import type { OpikObject } from "./workspace-lists.ts";

/** A dataset of which the table has another number of rows than were read. */
interface Difference {
  readonly id: string;
  /** The dataset's name. */
  readonly name: string;
  readonly entry: DatasetEntry;
  /** How many rows the table has. */
  readonly stored: number;
}

/** How long it may be unknown what was deleted from a dataset before somebody is told. */
const maxUnmarkedDays = 1;

/**
 * After datasets were read, finds those of which the table has other rows than were read. It has
 * fewer if two datasets have an item of the same id, because it can hold that for one of them only;
 * it has more if items were deleted and no sync could prove it. Without a database, nothing is
 * found.
 */
export async function* compareRowCounts(
  tracked: TrackedList<OpikObject>,
  options: ReadOptions,
): AsyncGenerator<StreamBatch> {
  const { countRows, startedAt, log } = options;
  if (!countRows) {
    log.info(
      "opik_dataset_item: only a sync into a database can find items that several datasets share",
    );
    return;
  }
  const differences = yield* findDifferences(tracked, countRows);
  const rejected = differences.flatMap((one) => [
    ...sharedItems(one),
    ...unmarkedRows(one, startedAt),
  ]);
  if (rejected.length > 0) yield { rows: [], bytes: 0, rejected };
}

/**
 * Has datasets read again whose items the table held for datasets that are gone now: they were
 * marked as deleted with the others.
 */
export async function* reclaimItems(
  tracked: TrackedList<OpikObject>,
  { countRows }: ReadOptions,
): AsyncGenerator<StreamBatch> {
  if (!countRows) return;
  for (const { id, entry, stored } of yield* findDifferences(tracked, countRows)) {
    if (stored < entry.rows) tracked.ledger.set(id, "");
  }
  yield* tracked.ledger.changes();
}

async function* findDifferences(
  { listing, ledger }: TrackedList<OpikObject>,
  countRows: NonNullable<ReadOptions["countRows"]>,
): AsyncGenerator<StreamBatch, readonly Difference[]> {
  yield { rows: [], bytes: 0, endsGroup: true };
  const counts = await countRows("dataset_id");
  return [...listing.items.values()].flatMap((object) => {
    const { id, name } = parseDataset(object);
    const entry = parseEntry(ledger.get(id));
    const stored = counts.get(id) ?? 0;
    return entry && entry.rows !== stored ? [{ id, name, entry, stored }] : [];
  });
}

function sharedItems(difference: Difference): readonly Rejected[] {
  const { entry, stored } = difference;
  const lost = entry.rows - stored;
  if (lost <= 0) return [];
  const reason = `${lost} of its ${entry.rows} items are also in other datasets, and the table holds each once; set opik.dataset_item_key to "dataset_and_item"`;
  return [gap("shared", difference, reason)];
}

function unmarkedRows(difference: Difference, now: Date): readonly Rejected[] {
  const { unmarkedSince, rows } = difference.entry;
  const surplus = difference.stored - rows;
  if (surplus <= 0 || unmarkedSince === undefined) return [];
  if (!isDue(unmarkedSince, maxUnmarkedDays, now)) return [];
  const reason = `${surplus} deleted items could not be marked since ${unmarkedSince.slice(0, 10)}, because it had always changed less than 15 minutes before a sync; sync once later after an edit`;
  return [gap("unmarked", difference, reason)];
}

function gap(kind: string, { id, name }: Difference, reason: string): Rejected {
  return {
    key: JSON.stringify({ [kind]: id }),
    payload: name,
    where: { dataset_id: id },
    reason: `dataset "${name}": ${reason}`,
  };
}
