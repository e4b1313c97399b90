import { z } from "zod";
import { TransientError } from "../../core/errors.ts";
import { isDue } from "../../core/is-due.ts";
import type { Row } from "../../core/schema.ts";
import type {
  Checkpoint,
  Json,
  ReadOptions,
  Rejected,
  Stream,
  StreamBatch,
  Sweep,
} from "../../core/source.ts";
import { readPartitions, type Partition } from "../../engine/partitions.ts";
import { SweepTracker, type TraversalPosition } from "../../engine/sweep-tracker.ts";
import type { Client } from "../../http/client.ts";
import { statusOf } from "../../http/http-error.ts";
import { PageMapper } from "../../http/paging/page-mapper.ts";
import type { OpikConfig } from "./config.ts";
import { listDatasets, type Dataset, type DatasetList } from "./datasets.ts";
import { listItems } from "./item-listing.ts";
import type { ItemPage } from "./item-page.ts";
import { itemDeclaration } from "./item-row.ts";

/** How often one sync reads a dataset that changes while it is read. */
const maxReads = 3;

/**
 * The items of all datasets. Each dataset is a partition, and its checkpoint holds the fingerprint
 * it was read at: a dataset whose fingerprint has not changed costs no request.
 */
export function itemStream(client: Client, config: OpikConfig): Stream {
  const declaration = itemDeclaration(config);
  const { name, columns, primaryKey } = declaration;
  return {
    name,
    columns,
    primaryKey,
    description: "The items of the latest version of each dataset",
    async *read(options) {
      const { signal, log } = options;
      const list = await listDatasets(client, config);
      const changed = list.datasets.filter((dataset) => needsReading(dataset, config, options));
      log.debug(`${name}: ${changed.length} of ${list.datasets.length} datasets to read`);
      const expected = changed.reduce((sum, { items }) => sum + items, 0);
      const mapper = new PageMapper(declaration, log);
      const reading = { client, config, mapper, ...options };
      const partitions = interruptedFirst(changed, options).map((dataset) =>
        datasetPartition(dataset, reading),
      );
      const { concurrency } = config;
      const batches = readPartitions(partitions, { concurrency, signal, log });
      for await (const batch of batches) yield { ...batch, expected };
      yield* sweepDeletedDatasets(list, config, options);
      mapper.end();
      if (list.missing > 0)
        throw new TransientError(
          `${name}: the service counts ${list.missing} more datasets than it lists; run the sync again`,
        );
    },
  };
}

interface ReadDatasetOptions extends ReadOptions {
  readonly client: Client;
  readonly config: OpikConfig;
  readonly mapper: PageMapper;
}

function needsReading(dataset: Dataset, config: OpikConfig, options: ReadOptions): boolean {
  const { version, at = null } = options.checkpoints.get(dataset.id) ?? {};
  const { fingerprint } = dataset;
  if (options.fullRefresh || fingerprint === undefined || version !== fingerprint) return true;
  return isRescanDue(at, config, options);
}

function isRescanDue(last: Json, { rescan_days }: OpikConfig, { startedAt }: ReadOptions): boolean {
  return isDue(typeof last === "string" ? last : undefined, rescan_days, startedAt);
}

function interruptedFirst(
  datasets: readonly Dataset[],
  { checkpoints }: ReadOptions,
): readonly Dataset[] {
  const isBegun = ({ id }: Dataset): boolean => checkpoints.get(id)?.["reading"] !== undefined;
  return [...datasets.filter(isBegun), ...datasets.filter((dataset) => !isBegun(dataset))];
}

function datasetPartition(dataset: Dataset, reading: ReadDatasetOptions): Partition {
  const { id, fingerprint } = dataset;
  let latest: Checkpoint = { reading: fingerprint ?? null };
  return {
    key: id,
    where: { dataset_id: id },
    async *read(signal) {
      for await (const batch of readDataset(dataset, { ...reading, signal })) {
        latest = batch.checkpoint ?? latest;
        yield batch;
      }
    },
    failedBefore: reading.checkpoints.get(id)?.["failed"] === true,
    failed: () => ({ ...latest, failed: true }),
  };
}

/** The batches of a dataset. Ends early if it was deleted meanwhile; the next sync sweeps it. */
async function* readDataset(
  dataset: Dataset,
  reading: ReadDatasetOptions,
): AsyncGenerator<StreamBatch, void> {
  try {
    yield* readUntilStable(dataset, reading);
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    const { datasets } = await listDatasets(reading.client, reading.config);
    if (datasets.some(({ id }) => id === dataset.id)) throw error;
  }
}

/**
 * Reads a dataset, again if it changed meanwhile. The last checkpoint holds the fingerprint it was
 * read at.
 */
async function* readUntilStable(
  dataset: Dataset,
  reading: ReadDatasetOptions,
): AsyncGenerator<StreamBatch, void> {
  const { client, config, mapper, startedAt, signal } = reading;
  let resume = findInterrupted(dataset, reading);
  for (let reads = 1; reads <= maxReads; reads += 1) {
    const tracker = new SweepTracker({
      key: "item_id",
      where: { dataset_id: dataset.id },
      resume: resume?.shown,
      again: reads > 1,
    });
    const listing = listItems(client, dataset, { size: config.page_size, resume: resume?.walk });
    let rejected = 0;
    for await (const page of listing) {
      signal.throwIfAborted();
      const batch = pageBatch(page, dataset, { tracker, mapper });
      rejected += batch.rejected?.length ?? 0;
      yield batch;
      if (page.unreadable !== undefined) tracker.markIncomplete();
    }
    // An item too large to read is in quarantine: the fingerprint is not saved, so that the next
    // sync reads the dataset again.
    if (tracker.isIncomplete) return;
    if (await listing.isComplete(tracker.distinctKeys + rejected)) {
      const version = dataset.fingerprint ?? null;
      const checkpoint = { version, at: startedAt.toISOString() };
      yield { rows: [], sweep: tracker.finish(), checkpoint, bytes: 0 };
      return;
    }
    resume = undefined;
  }
  throw new TransientError(
    `dataset "${dataset.name}": kept changing while it was read; run again when nobody is editing it`,
  );
}

/** The members of a checkpoint from which an interrupted read resumes. */
interface InterruptedRead {
  /** `ItemPage.resume` of the last page. */
  readonly walk: Checkpoint;
  readonly shown: TraversalPosition;
}

const interruptedShape = z.object({
  reading: z.string(),
  walk: z.record(z.string(), z.json()),
  shown: z.object({ below: z.string(), keys: z.number() }),
});

/** Where to resume, if the read that was interrupted had the same fingerprint. */
function findInterrupted(
  { id, fingerprint }: Dataset,
  options: ReadOptions,
): InterruptedRead | undefined {
  const { data } = interruptedShape.safeParse(
    options.fullRefresh ? undefined : options.checkpoints.get(id),
  );
  return data !== undefined && data.reading === fingerprint ? data : undefined;
}

function pageBatch(
  page: ItemPage,
  dataset: Dataset,
  { tracker, mapper }: { readonly tracker: SweepTracker; readonly mapper: PageMapper },
): StreamBatch {
  // An item's own `dataset_id` may be missing or differ; `raw` keeps what was sent.
  const { rows, rejected } = mapper.map(page, { dataset_id: dataset.id });
  const sweep = tracker.addPage(rows.map((row) => String(row["item_id"])));
  return {
    rows,
    rejected: rejected.map((entry) => withLocation(entry, dataset, rows)),
    bytes: page.bytes,
    ...(sweep ? { sweep } : {}),
    checkpoint: inProgressCheckpoint(page, dataset, tracker),
  };
}

/** Adds the entry's location: its dataset, and the last item of its page. */
function withLocation(entry: Rejected, { id }: Dataset, rows: readonly Row[]): Rejected {
  const last = rows.at(-1);
  const where = { dataset_id: id, ...(last ? { item_id: last["item_id"] } : {}) };
  return { ...entry, key: JSON.stringify([id, entry.key]), where };
}

/**
 * The checkpoint after a page. It holds no position if the items are out of order: then only a
 * listing from the start can tell which items were deleted.
 */
function inProgressCheckpoint(
  { resume }: ItemPage,
  { fingerprint }: Dataset,
  tracker: SweepTracker,
): Checkpoint {
  const reading = fingerprint ?? null;
  const position = tracker.resume;
  return position ? { reading, walk: resume, shown: { ...position } } : { reading };
}

/**
 * Sweeps the items of datasets that a complete listing no longer contains. With every rescan, it
 * also sweeps those of datasets without a checkpoint, which state that was deleted or restored
 * from a backup lacks.
 */
function* sweepDeletedDatasets(
  { datasets, complete }: DatasetList,
  config: OpikConfig,
  options: ReadOptions,
): Generator<StreamBatch> {
  const { checkpoints, fullRefresh, startedAt } = options;
  if (!complete) return;
  const ids = new Set(datasets.map(({ id }) => id));
  const deleted = [...checkpoints.keys()].filter((id) => id !== "" && !ids.has(id));
  const { swept } = checkpoints.get("") ?? {};
  const isSweepDue =
    fullRefresh || typeof swept !== "string" || isRescanDue(swept, config, options);
  if (deleted.length === 0 && !isSweepDue) return;
  const sweep: Sweep = { by: ["dataset_id"], keys: [...ids].map((id) => [id]) };
  yield { rows: [], sweep, checkpoint: { swept: startedAt.toISOString() }, bytes: 0 };
  for (const id of deleted) yield { rows: [], partition: id, checkpoint: null, bytes: 0 };
}
