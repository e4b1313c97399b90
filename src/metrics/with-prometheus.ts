import { LockedError, messageOf } from "../core/errors.ts";
import { countingSession } from "./counting-session.ts";
import { checkMetricsFile, readMetricsFile, writeMetricsFile } from "./metrics-file.ts";
import type { MeasuredWrite, MetricsOptions, MetricsRecorder } from "./metrics-options.ts";
import { serveMetrics } from "./metrics-server.ts";
import { Metrics, parseLastComplete, type Side } from "./metrics.ts";

/** The ports of the C8 contract. */
const defaultPorts: Readonly<Record<Side, number>> = { ingest: 8000, export: 8001 };

/** How many of the latest syncs to search for a complete one. */
const maxSyncs = 1000;

/**
 * Runs `work` and provides its metrics. Throws a ConfigError before the work begins if the port
 * or the file cannot be used.
 */
export async function withPrometheus<Result>(
  { side, port, file, log, signal }: MetricsOptions,
  work: (recorder: MetricsRecorder) => Promise<Result>,
): Promise<Result> {
  const metrics = new Metrics(side, process.env);
  if (file !== undefined) await checkMetricsFile(file);
  await using server =
    port === undefined
      ? undefined
      : await serveMetrics(metrics, port === "default" ? defaultPorts[side] : port);
  if (server)
    log.info(`serving metrics at http://localhost:${server.port}/metrics`, { port: server.port });
  const result = await runCounted(metrics, { work, file, log, signal });
  if (file !== undefined) await writeMetricsFile(file, await metrics.text());
  return result;
}

interface RunOptions<Result> extends Pick<MetricsOptions, "file" | "log" | "signal"> {
  readonly work: (recorder: MetricsRecorder) => Promise<Result>;
}

/**
 * Runs `work`; if it fails, counts an error and writes the file. An error while writing is only
 * logged, so that it does not hide the first one.
 */
async function runCounted<Result>(
  metrics: Metrics,
  { work, file, log, signal }: RunOptions<Result>,
): Promise<Result> {
  try {
    return await work(newRecorder(metrics));
  } catch (error) {
    if (!signal.aborted && !(error instanceof LockedError)) metrics.countErrors(1);
    if (file !== undefined) {
      // Without a session, only the file of an earlier sync tells the last complete one.
      const last = metrics.hasSession ? undefined : parseLastComplete(await readMetricsFile(file));
      if (last) metrics.setLastComplete(last);
      await writeMetricsFile(file, await metrics.text()).catch((writeError: unknown) => {
        log.warning(messageOf(writeError));
      });
    }
    throw error;
  }
}

function newRecorder(metrics: Metrics): MetricsRecorder {
  return {
    async observe(session, write) {
      metrics.addRequestStats(write.transfer);
      const last = await findLastComplete(write);
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
