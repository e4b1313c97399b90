import type { Destination, Session } from "../core/destination.ts";
import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";
import type { Side } from "./metrics.ts";

/** Records the metrics of a sync, if there are any. */
export interface MetricsRecorder {
  /** Wraps a session so that everything written through it is counted. */
  observe(session: Session, write: MeasuredWrite): Promise<Session>;
  /** Adds this many failed streams to the errors. */
  countFailedStreams(streams: number): void;
}

/** What a session writes to, and for which pipeline. */
export interface MeasuredWrite {
  readonly destination: Pick<Destination, "syncs">;
  readonly pipeline: string;
  readonly transfer: RequestStats;
}

/** Which metrics to provide, and where. */
export interface MetricsOptions {
  readonly side: Side;
  /** The flag `--metrics-port`. Absent: no server. */
  readonly port?: number | "default" | undefined;
  /** The flag `--metrics-file`. Absent: no file. */
  readonly file?: string | undefined;
  readonly log: Log;
  /** Interrupts the work. An interruption is not counted as an error. */
  readonly signal: AbortSignal;
}
