import { Counter, Gauge, type Registry } from "prom-client";
import type { Side } from "./metrics-options.ts";

/** What tells the series of two pipelines apart, in one process or in the files of several. */
export const pipelineLabels = ["pipeline", "source"] as const;

/** The name of the time of the last complete sync, which is looked up in an earlier file. */
export const lastCompleteName = "rivulet_last_complete_sync_timestamp_seconds";

/** All metrics. Their texts are the same in each file, because node_exporter compares them. */
export type Families = ReturnType<typeof newFamilies>;

/**
 * Makes the metrics of the C8 contract and our own.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
export function newFamilies(registry: Registry, side: Side) {
  const registers = [registry];
  const labelNames = [...pipelineLabels];
  const ofStreams = [...pipelineLabels, "stream", "result"] as const;
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers });
  const [done, noun] = side === "ingest" ? ["ingested", "ingest"] : ["exported", "export"];
  return {
    bytes: counter(`${done}_bytes_total`, `Bytes of the documents ${done}.`),
    documents: counter(`${done}_documents_total`, `Documents ${done}.`),
    errors: counter(`${noun}_errors_total`, "Quarantined documents, and failed streams and syncs."),
    lag: gauge(
      `${noun}_lag`,
      "Seconds between reading and storing the oldest document of the last transaction.",
    ),
    rows: new Counter({
      name: "rivulet_rows_total",
      help: "Rows by stream and result.",
      labelNames: ofStreams,
      registers,
    }),
    requests: counter("rivulet_requests_total", "Requests to the service."),
    retries: counter("rivulet_retries_total", "Requests that were retried."),
    waited: counter(
      "rivulet_waited_seconds_total",
      "Seconds waited before retries, and because the service asked for it.",
    ),
    settled: gauge(
      "rivulet_settled_gaps",
      "Entries in quarantine that are incomplete at the service for good.",
    ),
    lastComplete: gauge(lastCompleteName, "End of the last complete sync, in seconds since 1970."),
    ...newRunFamilies(registry),
  };
}

/** The last sync, whether it was complete or not. */
function newRunFamilies(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: [...pipelineLabels], registers });
  return {
    runStatus: new Gauge({
      name: "rivulet_last_run_status",
      help: "How the last sync went: 1 for its status, 0 for the others.",
      labelNames: [...pipelineLabels, "status"] as const,
      registers,
    }),
    runEnd: gauge(
      "rivulet_last_run_end_timestamp_seconds",
      "End of the last sync, in seconds since 1970.",
    ),
    runSeconds: gauge("rivulet_last_run_duration_seconds", "Seconds that the last sync took."),
    runLag: gauge(
      "rivulet_last_run_lag_seconds",
      "Seconds from the end of the last complete sync to the end of the last one.",
    ),
    runRows: new Gauge({
      name: "rivulet_last_run_rows",
      help: "Rows of the last sync by stream and result.",
      labelNames: [...pipelineLabels, "stream", "result"] as const,
      registers,
    }),
  };
}
