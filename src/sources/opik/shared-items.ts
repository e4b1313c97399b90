import type { ReadOptions, Rejected, StreamBatch } from "../../core/source.ts";
import type { TrackedList } from "../../engine/listing/tracked-list.ts";
import { parseDataset } from "./dataset.ts";
import { parseEntry } from "./dataset-entry.ts";
import type { OpikObject } from "./workspace-lists.ts";

interface LostItems {
  readonly id: string;
  /** The dataset's name. */
  readonly name: string;
  /** How many items were read. */
  readonly read: number;
  /** How many of them the table does not have. */
  readonly lost: number;
}

/**
 * Finds datasets of which the table has fewer rows than were read: if two datasets have an item of
 * the same id, the table can hold it for one of them only. Without a database, nothing is found.
 *
 * @param wroteRows - Whether this sync wrote rows; otherwise nothing has changed.
 */
export async function* findLostItems(
  tracked: TrackedList<OpikObject>,
  wroteRows: boolean,
  options: ReadOptions,
): AsyncGenerator<StreamBatch> {
  if (!wroteRows) return;
  const { countRows, log } = options;
  if (!countRows) {
    log.info("opik_dataset_item: items that datasets share cannot be found without a database");
    return;
  }
  const rejected = (yield* lostItems(tracked, countRows)).map(
    ({ id, name, read, lost }): Rejected => ({
      key: JSON.stringify({ shared: id }),
      payload: name,
      where: { dataset_id: id },
      reason: `dataset "${name}": ${lost} of its ${read} items are also in other datasets, and the table holds each once; set opik.dataset_item_key to "dataset_and_item"`,
    }),
  );
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
  for (const { id } of yield* lostItems(tracked, countRows)) tracked.ledger.set(id, "");
  yield* tracked.ledger.changes();
}

async function* lostItems(
  { listing, ledger }: TrackedList<OpikObject>,
  countRows: NonNullable<ReadOptions["countRows"]>,
): AsyncGenerator<StreamBatch, readonly LostItems[]> {
  yield { rows: [], bytes: 0, endsGroup: true };
  const counts = await countRows("dataset_id");
  return [...listing.items.values()].flatMap((object) => {
    const { id, name } = parseDataset(object);
    const { rows: read = 0 } = parseEntry(ledger.get(id)) ?? {};
    const lost = read - (counts.get(id) ?? 0);
    return lost > 0 ? [{ id, name, read, lost }] : [];
  });
}
