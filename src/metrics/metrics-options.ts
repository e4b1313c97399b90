import type { Destination, Session } from "../core/destination.ts";
import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";
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
