import type { Settings } from "../../configuration/parse-settings.ts";
import { TransientError } from "../../core/errors.ts";
import type { Source, Stream, StreamBatch } from "../../core/source.ts";
import { openDestination } from "../../destination/open.ts";
import { sync, type Summary } from "../../engine/sync.ts";
import { parseConfig, type Sandbox } from "./sandbox.ts";

interface SyncOptions {
  readonly settings: Settings;
  /** The URL of the database. */
  readonly destination: string;
  readonly fullRefresh?: boolean;
  /** Reading fails after this many batches. */
  readonly maxBatches?: number;
}

/** A sync's summary, and how many batches it read. */
export interface SyncResult extends Summary {
  readonly batches: number;
}

const noProgress = { started: () => undefined, wrote: () => undefined, ended: () => undefined };

/** Syncs a source into a database, as `rivulet sync` does. */
export async function syncSource(
  source: Source,
  sandbox: Sandbox,
  { settings, destination: url, fullRefresh = false, maxBatches = Infinity }: SyncOptions,
): Promise<SyncResult> {
  const context = sandbox.context();
  const config = parseConfig(source, settings);
  const limit = new BatchLimit(maxBatches);
  await using destination = await openDestination(url, context);
  await using session = await destination.lock({
    name: source.name,
    identity: source.identity(config),
  });
  const summary = await sync({
    ...context,
    session,
    streams: source.streams(config, context).map((stream) => limit.applyTo(stream)),
    progress: noProgress,
    fullRefresh,
    startedAt: new Date(),
  });
  return { ...summary, batches: limit.batchesRead };
}

/** Interrupts the reading of all streams together after a number of batches. */
class BatchLimit {
  batchesRead = 0;
  readonly #maxBatches: number;

  constructor(maxBatches: number) {
    this.#maxBatches = maxBatches;
  }

  applyTo(stream: Stream): Stream {
    return { ...stream, read: (options) => this.#limited(stream.read(options)) };
  }

  async *#limited(batches: AsyncIterable<StreamBatch>): AsyncGenerator<StreamBatch, void> {
    for await (const batch of batches) {
      if (this.batchesRead >= this.#maxBatches)
        throw new TransientError("interrupted by the check");
      this.batchesRead += 1;
      yield batch;
    }
  }
}

interface ReadTablesOptions extends Pick<SyncOptions, "settings" | "destination"> {
  /** Leave out rows that are marked as deleted: a fresh copy does not have them. */
  readonly withoutDeleted?: boolean;
}

/**
 * The rows of each of the source's tables as sorted JSON lines, without the columns that differ
 * between syncs (`_synced_at` and stamped columns).
 */
export async function readTables(
  source: Source,
  sandbox: Sandbox,
  { settings, destination: url, withoutDeleted = false }: ReadTablesOptions,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const context = sandbox.context();
  await using destination = await openDestination(url, context);
  const tables: Record<string, readonly string[]> = {};
  for (const { name, stamped = [] } of source.streams(parseConfig(source, settings), context)) {
    const where = withoutDeleted ? " where not _deleted" : "";
    const rows = await destination.select(`select * from "${name}"${where}`);
    tables[name] = rows
      .map((row) => Object.entries(row).filter(([column]) => !stamped.includes(column)))
      .map((cells) => lineOf(cells.filter(([column]) => column !== "_synced_at")))
      .sort();
  }
  return tables;
}

function lineOf(cells: readonly (readonly [string, unknown])[]): string {
  return JSON.stringify(Object.fromEntries(cells), (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}
