import { LockedError, messageOf } from "../core/errors.ts";
import { lastCompleteIn, Metrics, type Side } from "./metrics.ts";
import { checkMetricsFile, readMetricsFile, writeMetricsFile } from "./metrics-file.ts";
import { serveMetrics } from "./metrics-server.ts";
import { observedSession } from "./counting-session.ts";
import type { Watcher, WatchOptions, Writing } from "./with-metrics.ts";

/** The ports of the contract. */
const defaultPorts: Readonly<Record<Side, number>> = { ingest: 8000, export: 8001 };

/** How many syncs back the last complete one is looked for. */
const maxSyncs = 1000;

/** Does some work, and shows its numbers. Throws a ConfigError where they cannot be shown, before the work begins. */
export async function watchedByPrometheus<Result>(
  { side, port, file, log, signal }: WatchOptions,
  work: (watcher: Watcher) => Promise<Result>,
): Promise<Result> {
  const metrics = new Metrics(side, process.env);
  if (file !== undefined) await checkMetricsFile(file);
  await using server =
    port === undefined
      ? undefined
      : await serveMetrics(metrics, port === "default" ? defaultPorts[side] : port);
  if (server)
    log.info(`metrics are at http://localhost:${server.port}/metrics`, { port: server.port });
  const result = await counted(metrics, { work, file, log, signal });
  if (file !== undefined) await writeMetricsFile(file, await metrics.text());
  return result;
}

interface Work<Result> extends Pick<WatchOptions, "file" | "log" | "signal"> {
  readonly work: (watcher: Watcher) => Promise<Result>;
}

/** Counts a failure, and has it in the file: that the file cannot be written is then the lesser news. */
async function counted<Result>(
  metrics: Metrics,
  { work, file, log, signal }: Work<Result>,
): Promise<Result> {
  try {
    return await work(watcherOf(metrics));
  } catch (error) {
    if (!signal.aborted && !(error instanceof LockedError)) metrics.failed(1);
    if (file !== undefined) {
      // Where not even a session came about, only the file knows of the last complete sync.
      const last = metrics.isWatching ? undefined : lastCompleteIn(await readMetricsFile(file));
      if (last) metrics.completed(last);
      await writeMetricsFile(file, await metrics.text()).catch((second: unknown) => {
        log.warning(messageOf(second));
      });
    }
    throw error;
  }
}

function watcherOf(metrics: Metrics): Watcher {
  return {
    async session(session, writing) {
      metrics.watch(writing.transfer);
      const last = await lastComplete(writing);
      if (last) metrics.completed(last);
      return observedSession(session, metrics);
    },
    failed(streams) {
      metrics.failed(streams);
    },
  };
}

async function lastComplete({ destination, pipeline }: Writing): Promise<Date | undefined> {
  const syncs = await destination.syncs(maxSyncs, pipeline);
  const ended = syncs.find(({ status }) => status === "completed")?.endedAt;
  return ended === undefined ? undefined : new Date(ended);
}
