import type { ReadOptions, Rejected, StreamBatch } from "../../core/source.ts";
import type { TrackedList } from "../../engine/listing/tracked-list.ts";
import { parseDataset } from "./dataset.ts";
import { parseEntry } from "./dataset-entry.ts";
import type { OpikObject } from "./workspace-lists.ts";

/**
 * Finds datasets of which the table has fewer rows than were read: if two datasets have an item of
 * the same id, the table can hold it for one of them only. Without a database, nothing is found.
 *
 * @param wroteRows - Whether this sync wrote rows; otherwise nothing has changed.
 */
export async function* findLostItems(
  { listing, ledger }: TrackedList<OpikObject>,
  wroteRows: boolean,
  { countRows, log }: ReadOptions,
): AsyncGenerator<StreamBatch> {
  if (!wroteRows) return;
  if (!countRows) {
    log.info("opik_dataset_item: items that datasets share cannot be found without a database");
    return;
  }
  yield { rows: [], bytes: 0, endsGroup: true };
  const counts = await countRows("dataset_id");
  const rejected: Rejected[] = [];
  for (const object of listing.items.values()) {
    const { id, name } = parseDataset(object);
    const { rows: read = 0 } = parseEntry(ledger.get(id)) ?? {};
    const stored = counts.get(id) ?? 0;
    if (stored >= read) continue;
    rejected.push({
      key: JSON.stringify({ shared: id }),
      payload: name,
      where: { dataset_id: id },
      reason: `dataset "${name}": ${read - stored} of its ${read} items are also in other datasets, and the table holds each once; set opik.dataset_item_key to "dataset_and_item"`,
    });
  }
  if (rejected.length > 0) yield { rows: [], bytes: 0, rejected };
}
