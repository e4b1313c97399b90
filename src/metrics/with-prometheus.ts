import { LockedError, messageOf } from "../core/errors.ts";
import { parseLastComplete, Metrics, type Side } from "./metrics.ts";
import { checkMetricsFile, readMetricsFile, writeMetricsFile } from "./metrics-file.ts";
import { serveMetrics } from "./metrics-server.ts";
import { countingSession } from "./counting-session.ts";
import type { MeasuredWrite, MetricsOptions, MetricsRecorder } from "./metrics-options.ts";

/** The ports of the contract. */
const defaultPorts: Readonly<Record<Side, number>> = { ingest: 8000, export: 8001 };

/** How many syncs back the last complete one is looked for. */
const maxSyncs = 1000;

/** Does some work, and shows its numbers. Throws a ConfigError where they cannot be shown, before the work begins. */
export async function withPrometheus<Result>(
  { side, port, file, log, signal }: MetricsOptions,
  work: (watcher: MetricsRecorder) => Promise<Result>,
): Promise<Result> {
  const metrics = new Metrics(side, process.env);
  if (file !== undefined) await checkMetricsFile(file);
  await using server =
    port === undefined
      ? undefined
      : await serveMetrics(metrics, port === "default" ? defaultPorts[side] : port);
  if (server)
    log.info(`metrics are at http://localhost:${server.port}/metrics`, { port: server.port });
  const result = await runCounted(metrics, { work, file, log, signal });
  if (file !== undefined) await writeMetricsFile(file, await metrics.text());
  return result;
}

interface RunOptions<Result> extends Pick<MetricsOptions, "file" | "log" | "signal"> {
  readonly work: (watcher: MetricsRecorder) => Promise<Result>;
}

/** Counts a failure, and has it in the file: that the file cannot be written is then the lesser news. */
async function runCounted<Result>(
  metrics: Metrics,
  { work, file, log, signal }: RunOptions<Result>,
): Promise<Result> {
  try {
    return await work(newRecorder(metrics));
  } catch (error) {
    if (!signal.aborted && !(error instanceof LockedError)) metrics.countErrors(1);
    if (file !== undefined) {
      // Where not even a session came about, only the file knows of the last complete sync.
      const last = metrics.hasSession ? undefined : parseLastComplete(await readMetricsFile(file));
      if (last) metrics.setLastComplete(last);
      await writeMetricsFile(file, await metrics.text()).catch((second: unknown) => {
        log.warning(messageOf(second));
      });
    }
    throw error;
  }
}

function newRecorder(metrics: Metrics): MetricsRecorder {
  return {
    async observe(session, writing) {
      metrics.addRequestStats(writing.transfer);
      const last = await findLastComplete(writing);
      if (last) metrics.setLastComplete(last);
      return countingSession(session, metrics);
    },
    countFailedStreams(streams) {
      metrics.countErrors(streams);
    },
  };
}

async function findLastComplete({
  destination,
  pipeline,
}: MeasuredWrite): Promise<Date | undefined> {
  const syncs = await destination.syncs(maxSyncs, pipeline);
  const ended = syncs.find(({ status }) => status === "completed")?.endedAt;
  return ended === undefined ? undefined : new Date(ended);
}
