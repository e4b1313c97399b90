import { z } from "zod";
import { isDue } from "../../core/is-due.ts";
import { TransientError } from "../../core/errors.ts";
import { readPartitions, type Partition } from "../../engine/partitions.ts";
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
import { SweepTracker, type TraversalPosition } from "../../engine/sweep-tracker.ts";
import type { Client } from "../../http/client.ts";
import { statusOf } from "../../http/http-error.ts";
import { PageMapper } from "../../http/paging/page-mapper.ts";
import type { OpikConfig } from "./config.ts";
import { listDatasets, type Dataset, type DatasetList } from "./datasets.ts";
import { itemDeclaration } from "./item-row.ts";
import { listItems } from "./item-listing.ts";
import { type ItemPage } from "./item-page.ts";

/** How often a dataset that changes while it is read is read in one sync. */
const maxReads = 3;

/**
 * The items of all datasets. Each dataset is a partition whose checkpoint holds the fingerprint that it was read at: the
 * same fingerprint next time costs no request.
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
      const reader = new PageMapper(declaration, log);
      const reading = { client, config, reader, ...options };
      const partitions = interruptedFirst(changed, options).map((dataset) =>
        datasetPartition(dataset, reading),
      );
      const parts = readPartitions(partitions, { concurrency: config.concurrency, signal, log });
      for await (const part of parts) yield { ...part, expected };
      yield* sweepDeletedDatasets(list, config, options);
      reader.end();
      if (list.missing > 0)
        throw new TransientError(
          `${name}: the service counts ${list.missing} datasets more than it shows; run the sync again`,
        );
    },
  };
}

interface ReadDatasetOptions extends ReadOptions {
  readonly client: Client;
  readonly config: OpikConfig;
  readonly reader: PageMapper;
}

function needsReading(dataset: Dataset, config: OpikConfig, options: ReadOptions): boolean {
  const { version, at = null } = options.checkpoints.get(dataset.id) ?? {};
  const { fingerprint } = dataset;
  if (options.fullRefresh || fingerprint === undefined || version !== fingerprint) return true;
  return isRescanDue(at, config, options);
}

/** Whether what was done at this time is to be done again. */
function isRescanDue(at: Json, { rescan_days }: OpikConfig, { startedAt }: ReadOptions): boolean {
  return isDue(typeof at === "string" ? at : undefined, rescan_days, startedAt);
}

/** A dataset that was interrupted comes before those that were not begun. */
function interruptedFirst(
  datasets: readonly Dataset[],
  { checkpoints }: ReadOptions,
): readonly Dataset[] {
  const isOpen = ({ id }: Dataset): boolean => checkpoints.get(id)?.["reading"] !== undefined;
  return [...datasets.filter(isOpen), ...datasets.filter((dataset) => !isOpen(dataset))];
}

function datasetPartition(dataset: Dataset, reading: ReadDatasetOptions): Partition {
  const { id, fingerprint } = dataset;
  let latest: Checkpoint = { reading: fingerprint ?? null };
  return {
    key: id,
    where: { dataset_id: id },
    async *read(signal) {
      for await (const part of readDataset(dataset, { ...reading, signal })) {
        latest = part.checkpoint ?? latest;
        yield part;
      }
    },
    failedBefore: reading.checkpoints.get(id)?.["failed"] === true,
    failed: () => ({ ...latest, failed: true }),
  };
}

/** The parts of a dataset. One that was deleted since it was listed has none; the next list says that it is gone. */
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

/** Reads a dataset, again if it changed meanwhile, and says in the end at which fingerprint it was read. */
async function* readUntilStable(
  dataset: Dataset,
  reading: ReadDatasetOptions,
): AsyncGenerator<StreamBatch, void> {
  const { client, config, reader, startedAt, signal } = reading;
  let resume = findInterrupted(dataset, reading);
  for (let walks = 1; walks <= maxReads; walks += 1) {
    const where = { dataset_id: dataset.id };
    const shown = new SweepTracker({
      key: "item_id",
      where,
      resume: resume?.shown,
      again: walks > 1,
    });
    const walk = listItems(client, dataset, { size: config.page_size, resume: resume?.walk });
    let rejected = 0;
    for await (const page of walk) {
      signal.throwIfAborted();
      const part = pageBatch(page, dataset, { shown, reader });
      rejected += part.rejected?.length ?? 0;
      yield part;
      if (page.unreadable !== undefined) shown.markIncomplete();
    }
    // An item that is too large to be read is in quarantine; the dataset counts as read when it can be.
    if (shown.isIncomplete) return;
    if (await walk.isComplete(shown.distinctKeys + rejected)) {
      const version = dataset.fingerprint ?? null;
      const checkpoint = { version, at: startedAt.toISOString() };
      yield { rows: [], sweep: shown.finish(), checkpoint, bytes: 0 };
      return;
    }
    resume = undefined;
  }
  throw new TransientError(
    `dataset "${dataset.name}": kept changing while it was read; run again when it rests`,
  );
}

interface InterruptedRead {
  /** Where the walk goes on, as its pages said. */
  readonly walk: Checkpoint;
  readonly shown: TraversalPosition;
}

const interruptedShape = z.object({
  reading: z.string(),
  walk: z.record(z.string(), z.json()),
  shown: z.object({ below: z.string(), keys: z.number() }),
});

/** Where an interrupted walk through the same version goes on. */
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
  on: { shown: SweepTracker; reader: PageMapper },
): StreamBatch {
  // What an item says of its dataset may be spelled otherwise, or nothing; raw keeps it.
  const { rows, rejected } = on.reader.map(page, { dataset_id: dataset.id });
  const sweep = on.shown.addPage(rows.map((row) => String(row["item_id"])));
  return {
    rows,
    rejected: rejected.map((entry) => withLocation(entry, dataset, rows)),
    bytes: page.bytes,
    ...(sweep ? { sweep } : {}),
    checkpoint: inProgressCheckpoint(page, dataset, on.shown),
  };
}

/** An entry with where it stands: in its dataset, and beside the last item of its page. */
function withLocation(entry: Rejected, { id }: Dataset, rows: readonly Row[]): Rejected {
  const beside = rows.at(-1);
  const where = { dataset_id: id, ...(beside ? { item_id: beside["item_id"] } : {}) };
  return { ...entry, key: JSON.stringify([id, entry.key]), where };
}

/** That the dataset was begun, and where to go on after this page, unless only a whole walk can tell what is gone. */
function inProgressCheckpoint(
  { resume }: ItemPage,
  { fingerprint }: Dataset,
  { resume: shown }: SweepTracker,
): Checkpoint {
  const reading = fingerprint ?? null;
  return shown ? { reading, walk: resume, shown: { ...shown } } : { reading };
}

/**
 * The items of datasets that are gone, once a complete list says so. Now and then also those of datasets that no checkpoint knows: state
 * that somebody deleted, or took from a backup, does not have them.
 */
function* sweepDeletedDatasets(
  { datasets, complete }: DatasetList,
  config: OpikConfig,
  options: ReadOptions,
): Generator<StreamBatch> {
  const { checkpoints, fullRefresh, startedAt } = options;
  if (!complete) return;
  const ids = new Set(datasets.map(({ id }) => id));
  const vanished = [...checkpoints.keys()].filter((id) => id !== "" && !ids.has(id));
  const { swept } = checkpoints.get("") ?? {};
  const isDue = fullRefresh || typeof swept !== "string" || isRescanDue(swept, config, options);
  if (vanished.length === 0 && !isDue) return;
  const sweep: Sweep = { by: ["dataset_id"], keys: [...ids].map((id) => [id]) };
  yield { rows: [], sweep, checkpoint: { swept: startedAt.toISOString() }, bytes: 0 };
  for (const id of vanished) yield { rows: [], partition: id, checkpoint: null, bytes: 0 };
}
