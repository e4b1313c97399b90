import { newLog, type Log } from "../../src/core/log.ts";
import type { Source } from "../../src/core/source.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import type { OpikConfig } from "../../src/sources/opik/config.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { sync, type Summary } from "../../src/engine/sync.ts";

const silent = { started: () => undefined, wrote: () => undefined, ended: () => undefined };

/** What to sync, and how. */
export interface SyncSourceOptions {
  /** The configuration as in a file. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly destination: string;
  readonly fullRefresh?: boolean;
  readonly allowMassDeletion?: boolean;
  readonly startedAt?: Date;
  readonly warn?: (message: string) => void;
  /** Default: only warnings are passed on. */
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** Syncs a source into a database, in this process. */
export async function syncSource<Config>(
  source: Source<Config>,
  options: SyncSourceOptions,
): Promise<Summary> {
  const { fullRefresh = false, allowMassDeletion = false, startedAt = new Date() } = options;
  const { signal = new AbortController().signal } = options;
  const warnOnly = newLog(({ level, message }) => {
    if (level === "warning") options.warn?.(message);
  });
  const { log = warnOnly } = options;
  const config = source.config.parse(options.config) as Config;
  const context = { log, transfer: newRequestStats(), signal };
  await using destination = await openDestination(options.destination, { log });
  await using session = await destination.lock({
    name: source.name,
    identity: source.identity(config),
  });
  return await sync({
    session,
    streams: source.streams(config, context),
    transfer: context.transfer,
    progress: silent,
    fullRefresh,
    allowMassDeletion,
    startedAt,
    signal,
    log,
  });
}

/** Syncs an emulator of Opik into a database, in this process. */
export function syncOpik(
  { url, destination }: { readonly url: string; readonly destination: string },
  config: Partial<OpikConfig> = {},
  options: Omit<SyncSourceOptions, "config" | "destination"> = {},
): Promise<Summary> {
  return syncSource(opik, { ...options, destination, config: { base_url: url, ...config } });
}
