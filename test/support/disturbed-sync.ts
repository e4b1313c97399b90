import type { Destination, SyncStatus } from "../../src/core/destination.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import type { Source } from "../../src/core/source.ts";
import { sync } from "../../src/engine/sync.ts";
import { Killed, killAfter } from "./killed-session.ts";

/** How a sync ended that something may have stopped. */
export type Outcome = SyncStatus | "killed" | "refused";

interface DisturbedSync {
  readonly destination: Destination;
  /** The configuration as in a file. */
  readonly config: Readonly<Record<string, unknown>>;
  /** How many transactions are committed before the process is killed; Infinity for no end. */
  readonly commits: number;
  readonly fullRefresh: boolean;
  /** When it begins, in milliseconds since 1970. */
  readonly nowMs: number;
}

const silent = { started: () => undefined, wrote: () => undefined, ended: () => undefined };

/** Syncs a source, believing mass deletions, in a process that may be killed. */
export async function disturbedSync<Config>(
  source: Source<Config>,
  { destination, config: settings, commits, fullRefresh, nowMs }: DisturbedSync,
): Promise<Outcome> {
  const { signal } = new AbortController();
  const log = newLog(() => undefined);
  const transfer = newRequestStats();
  const config = source.config.parse(settings) as Config;
  const identity = source.identity(config);
  await using session = await destination.lock({ name: source.name, identity });
  try {
    const { status } = await sync({
      session: killAfter(session, commits),
      streams: source.streams(config, { log, transfer, signal }),
      ...{ progress: silent, transfer, signal, log, startedAt: new Date(nowMs) },
      ...{ fullRefresh, allowMassDeletion: true },
    });
    return status;
  } catch (error) {
    if (error instanceof Killed) return "killed";
    if (error instanceof ConfigError) return "refused";
    throw error;
  }
}
