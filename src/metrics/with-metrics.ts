import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";
import type { Destination, Session } from "../core/destination.ts";
import type { Side } from "./metrics.ts";

/** Who watches a sync, if anybody does. */
export interface MetricsRecorder {
  /** The session, with all that is written through it counted. */
  observe(session: Session, writing: MeasuredWrite): Promise<Session>;
  /** So many streams failed. */
  countFailedStreams(streams: number): void;
}

/** What is being written, and by whom. */
export interface MeasuredWrite {
  readonly destination: Pick<Destination, "syncs">;
  readonly pipeline: string;
  readonly transfer: RequestStats;
}

export interface MetricsOptions {
  readonly side: Side;
  /** The flag `--metrics-port`; absent: no server. */
  readonly port?: number | "default" | undefined;
  /** The flag `--metrics-file`; absent: no file. */
  readonly file?: string | undefined;
  readonly log: Log;
  /** What interrupts the work; an interruption is no failure. */
  readonly signal: AbortSignal;
}

const noMetrics: MetricsRecorder = {
  observe: (session) => Promise.resolve(session),
  countFailedStreams: () => undefined,
};

/**
 * Does some work under the eyes of Prometheus, where the flags ask for it: on a port as long as the work takes, and in a file at its end, also
 * when it failed. What it takes is loaded only then.
 */
export async function withMetrics<Result>(
  options: MetricsOptions,
  work: (watcher: MetricsRecorder) => Promise<Result>,
): Promise<Result> {
  if (options.port === undefined && options.file === undefined) return await work(noMetrics);
  const { withPrometheus } = await import("./with-prometheus.ts");
  return await withPrometheus(options, work);
}
