import type { ReadOptions, Source, Stream, StreamBatch } from "../../src/core/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import type { Summary } from "../../src/engine/sync.ts";
import { syncSource, type SyncSourceOptions } from "./sync-source.ts";

type Settings = Readonly<Record<string, unknown>>;

/** A W&B emulator, and the database to copy it into. */
interface WandbTarget {
  readonly url: string;
  readonly apiKey: string;
  readonly destination: string;
}

/** How to sync W&B in a test. */
export interface SyncWandbOptions extends Omit<SyncSourceOptions, "config" | "destination"> {
  /** The streams to read; all by default. */
  readonly streams?: readonly string[];
  readonly allowMassDeletion?: boolean;
  /** Gets each batch before it is written. */
  readonly onBatch?: (batch: StreamBatch) => void;
}

/**
 * Syncs a W&B emulator into a database, in this process: the project `vision` of `acme`, unless the
 * settings say otherwise.
 */
export function syncWandb(
  { url, apiKey, destination }: WandbTarget,
  settings: Settings = {},
  options: SyncWandbOptions = {},
): Promise<Summary> {
  const config = {
    base_url: url,
    api_key: apiKey,
    entity: "acme",
    ...(settings["projects"] === undefined ? { project: "vision" } : {}),
    ...settings,
  };
  return syncSource(withOptions(wandb, options), { ...options, destination, config });
}

function withOptions<Config>(source: Source<Config>, options: SyncWandbOptions): Source<Config> {
  const isWanted = ({ name }: Stream): boolean => options.streams?.includes(name) ?? true;
  return {
    ...source,
    streams: (...given) =>
      source
        .streams(...given)
        .filter(isWanted)
        .map((stream) => ({ ...stream, read: (read) => readWith(stream, read, options) })),
  };
}

async function* readWith(
  stream: Stream,
  read: ReadOptions,
  { allowMassDeletion = false, onBatch }: SyncWandbOptions,
): AsyncGenerator<StreamBatch> {
  for await (const batch of stream.read({ ...read, allowMassDeletion })) {
    onBatch?.(batch);
    yield batch;
  }
}
