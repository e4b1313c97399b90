import type { Destination, Session, SyncStatus } from "../core/destination.ts";
import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";

/** Whether rivulet reads from a service (`ingest`) or writes what others send (`export`). */
export type Side = "ingest" | "export";

/** Records the metrics of the pipelines that one process syncs, if there are any. */
export interface MetricsRecorder {
  /**
   * Records a sync of a pipeline from its beginning: how it ends, even if it fails before there is
   * a session. Several may run at once, but only one of each pipeline.
   */
  record<Result>(
    pipeline: RecordedPipeline,
    sync: (recording: Recording) => Promise<Result>,
  ): Promise<Result>;
  /** Writes the file, if there is one: between the syncs of a process that goes on. */
  save(): Promise<void>;
}

/** The pipeline of a sync, as far as it is known before its configuration is read. */
export interface RecordedPipeline {
  /** The name of the source; `singer` if a tap is loaded. */
  readonly source: string;
  /** Absent: the configuration may name it. */
  readonly name?: string | undefined;
  /** What it is called if nothing names it. */
  readonly defaultName: string;
}

/** Records one sync. */
export interface Recording {
  /** Says the pipeline's name, as soon as the configuration is read. */
  readonly named: (pipeline: string) => void;
  /** Wraps a session so that everything written through it is counted. */
  readonly observe: (session: Session, write: MeasuredWrite) => Promise<Session>;
  /** Adds this many failed streams to the errors. */
  readonly countFailedStreams: (streams: number) => void;
}

/** What a session writes to. */
export interface MeasuredWrite {
  readonly destination: Pick<Destination, "syncs">;
  readonly transfer: RequestStats;
}

/** How the last sync of a pipeline went. `locked`: another one held the lease. */
export type RunStatus = SyncStatus | "running" | "locked";

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
