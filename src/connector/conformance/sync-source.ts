import { TransientError } from "../../core/errors.ts";
import type { Settings } from "../../configuration/configuration-file.ts";
import type { Source, Stream, StreamBatch } from "../../core/source.ts";
import { openDestination } from "../../destination/open.ts";
import { sync, type Summary } from "../../engine/sync.ts";
import { parseConfig, type Sandbox } from "./sandbox.ts";

export interface SyncOptions {
  readonly settings: Settings;
  /** The URL of the database. */
  readonly destination: string;
  readonly fullRefresh?: boolean;
  /** After so many batches nothing more can be read. */
  readonly maxBatches?: number;
}

/** What a sync did, and how many batches it read. */
export interface SyncResult extends Summary {
  readonly batches: number;
}

const noProgress = { started: () => undefined, wrote: () => undefined, ended: () => undefined };

/** Syncs a source into a database, as `rivulet sync` does. */
export async function syncSource(
  source: Source,
  trial: Sandbox,
  { settings, destination: url, fullRefresh = false, maxBatches = Infinity }: SyncOptions,
): Promise<SyncResult> {
  const context = trial.context();
  const config = parseConfig(source, settings);
  const breaker = new BatchLimit(maxBatches);
  await using destination = await openDestination(url, context);
  await using session = await destination.lock({
    name: source.name,
    identity: source.identity(config),
  });
  const summary = await sync({
    ...context,
    session,
    streams: source.streams(config, context).map((stream) => breaker.applyTo(stream)),
    progress: noProgress,
    fullRefresh,
    startedAt: new Date(),
  });
  return { ...summary, batches: breaker.batchesRead };
}

/** Breaks the reading of all streams off after so many batches. */
class BatchLimit {
  batchesRead = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  applyTo(stream: Stream): Stream {
    return { ...stream, read: (options) => this.#broken(stream.read(options)) };
  }

  async *#broken(batches: AsyncIterable<StreamBatch>): AsyncGenerator<StreamBatch, void> {
    for await (const batch of batches) {
      if (this.batchesRead >= this.#limit)
        throw new TransientError("the test ends the reading here");
      this.batchesRead += 1;
      yield batch;
    }
  }
}

export interface ReadTablesOptions extends Pick<SyncOptions, "settings" | "destination"> {
  /** Leave out rows that are marked as deleted: a new copy never saw them. */
  readonly withoutDeleted?: boolean;
}

/** The rows of the source's tables as text, each in one line: without the time of writing, in the order of their lines. */
export async function readTables(
  source: Source,
  trial: Sandbox,
  { settings, destination: url, withoutDeleted = false }: ReadTablesOptions,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const context = trial.context();
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
