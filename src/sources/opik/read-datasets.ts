import { SourceError } from "../../core/errors.ts";
import type { StreamBatch } from "../../core/source.ts";
import type { TrackedList } from "../../engine/listing/tracked-list.ts";
import { readPartitions, type Partition } from "../../engine/partitions.ts";
import { parseDataset, type Dataset } from "./dataset.ts";
import { parseEntry, type DatasetEntry, type SeenItems } from "./dataset-entry.ts";
import { DatasetReader, type ItemContext } from "./dataset-reader.ts";
import { isMissing } from "./missing.ts";
import type { Workspace } from "./workspace.ts";
import type { OpikObject } from "./workspace-lists.ts";

interface DatasetsContext {
  readonly workspace: Workspace;
  readonly tracked: TrackedList<OpikObject>;
  readonly context: ItemContext;
  /** What all walks of earlier syncs showed, by dataset. */
  readonly seen: ReadonlyMap<string, SeenItems | undefined>;
}

/**
 * Partitions for each allowed request: one that waits for a proof of its login needs no connection.
 */
const partitionsPerRequest = 2;

/**
 * Reads all datasets that may have changed. An entry is saved after the rows that it stands for.
 *
 * @returns Whether any dataset was read.
 */
export async function* readDatasets(
  datasets: DatasetsContext,
): AsyncGenerator<StreamBatch, boolean> {
  const { tracked, context } = datasets;
  const { ledger } = tracked;
  const finished = new Map<string, DatasetEntry>();
  const partitions = interruptedFirst(datasets).map((dataset) =>
    datasetPartition(dataset, datasets, (entry) => finished.set(dataset.id, entry)),
  );
  const { signal, log, config } = context;
  const isRead = (id: string): boolean => ledger.get(id) !== undefined;
  const isBegun = (id: string): boolean => context.checkpoints.get(id)?.["page"] !== undefined;
  const ids = [...ledger.ids()];
  const batches = readPartitions(partitions, {
    concurrency: config.concurrency * partitionsPerRequest,
    readBefore: ids.some(isRead) || ids.some(isBegun),
    signal,
    log,
  });
  let hasRead = false;
  for await (const batch of batches) {
    yield batch;
    const { partition = "", checkpoint } = batch;
    const entry = checkpoint === null ? finished.get(partition) : undefined;
    if (!entry) continue;
    finished.delete(partition);
    hasRead = true;
    ledger.set(partition, JSON.stringify(entry));
    yield* ledger.changes();
  }
  return hasRead;
}

function interruptedFirst({ tracked, context }: DatasetsContext): readonly Dataset[] {
  const datasets = [...tracked.listing.items.values()].map(parseDataset);
  const isBegun = ({ id }: Dataset): boolean => context.checkpoints.has(id);
  return [...datasets.filter(isBegun), ...datasets.filter((dataset) => !isBegun(dataset))];
}

function datasetPartition(
  dataset: Dataset,
  { workspace, tracked, context, seen }: DatasetsContext,
  finished: (entry: DatasetEntry) => void,
): Partition {
  const { id, name } = dataset;
  const open = context.checkpoints.get(id);
  const missing = open?.["missing"] === true ? { missing: true } : {};
  const entry = parseEntry(tracked.ledger.get(id));
  return {
    key: id,
    where: { dataset_id: id },
    async *read(signal) {
      const state = { entry, seen: seen.get(id), open, finished };
      const reader = new DatasetReader(dataset, { ...context, signal }, state);
      try {
        yield* reader.read();
      } catch (error) {
        // It was deleted meanwhile: the next sync marks its rows.
        if (!isMissing(error) || (await workspace.datasetExists(id))) throw error;
        // Or it is hidden from a login that was revoked meanwhile.
        await workspace.access.prove();
        // But what is listed again was not deleted.
        if (open?.["missing"] === true)
          throw new SourceError(
            `dataset "${name}": is listed, but the service does not know its id`,
          );
        yield { rows: [], bytes: 0, checkpoint: { missing: true } };
      }
    },
    failedBefore: open?.["failed"] === true,
    failed: () => ({ failed: true, ...missing }),
  };
}
