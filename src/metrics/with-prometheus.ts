import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type EarlierSync, parseEarlierSyncs } from "./earlier-syncs.ts";
import { checkMetricsFile, readMetricsFile, writeMetricsFile } from "./metrics-file.ts";
import type { MetricsOptions, MetricsRecorder, Side } from "./metrics-options.ts";
import { serveMetrics } from "./metrics-server.ts";
import { Metrics } from "./metrics.ts";
import { Recorder } from "./recorder.ts";

/** The ports of the C8 contract. */
const defaultPorts: Readonly<Record<Side, number>> = { ingest: 8000, export: 8001 };

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
  const save = file === undefined ? undefined : saveInto(file, metrics, log);
  const result = await runCounted(metrics, { work, file, save, log, signal });
  await save?.();
  return result;
}

interface RunOptions<Result> extends Pick<MetricsOptions, "file" | "log" | "signal"> {
  readonly work: (recorder: MetricsRecorder) => Promise<Result>;
  readonly save: (() => Promise<void>) | undefined;
}

/**
 * Runs `work`; if it fails, counts an error and saves the file. An error while saving is only
 * logged, so that it does not hide the first one.
 */
async function runCounted<Result>(
  metrics: Metrics,
  { work, file, save, log, signal }: RunOptions<Result>,
): Promise<Result> {
  const recorder = new Recorder({ metrics, earlier: () => readEarlierSyncs(file), signal, save });
  try {
    return await work(recorder);
  } catch (error) {
    await recorder.recordError(error);
    await save?.().catch((saveError: unknown) => {
      log.warning(messageOf(saveError));
    });
    throw error;
  }
}

async function readEarlierSyncs(file: string | undefined): Promise<readonly EarlierSync[]> {
  return file === undefined ? [] : parseEarlierSyncs(await readMetricsFile(file));
}

/** Replaces the file. Says so if it was another pipeline's, whose alerts would never fire again. */
function saveInto(file: string, metrics: Metrics, log: Log): () => Promise<void> {
  return async () => {
    for (const { pipeline, source } of await readEarlierSyncs(file))
      if (pipeline !== undefined && source !== undefined && !metrics.has({ pipeline, source }))
        log.warning(
          `--metrics-file ${file}: held the metrics of the pipeline "${pipeline}", which are gone now; name a file for each command`,
        );
    await writeMetricsFile(file, await metrics.text());
  };
}
