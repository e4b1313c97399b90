import type { Log } from "../core/log.ts";
import type { Transfer } from "../core/request-stats.ts";
import type { Destination, Session } from "../core/destination.ts";
import type { Side } from "./metrics.ts";

/** Who watches a sync, if anybody does. */
export interface Watcher {
  /** The session, with all that is written through it counted. */
  session(session: Session, writing: Writing): Promise<Session>;
  /** So many streams failed. */
  failed(streams: number): void;
}

/** What is being written, and by whom. */
export interface Writing {
  readonly destination: Pick<Destination, "syncs">;
  readonly pipeline: string;
  readonly transfer: Transfer;
}

export interface WatchOptions {
  readonly side: Side;
  /** The flag `--metrics-port`; absent: no server. */
  readonly port?: number | "default" | undefined;
  /** The flag `--metrics-file`; absent: no file. */
  readonly file?: string | undefined;
  readonly log: Log;
  /** What interrupts the work; an interruption is no failure. */
  readonly signal: AbortSignal;
}

const nobody: Watcher = {
  session: (session) => Promise.resolve(session),
  failed: () => undefined,
};

/**
 * Does some work under the eyes of Prometheus, where the flags ask for it: on a port as long as the work takes, and in a file at its end, also
 * when it failed. What it takes is loaded only then.
 */
export async function watched<Result>(
  options: WatchOptions,
  work: (watcher: Watcher) => Promise<Result>,
): Promise<Result> {
  if (options.port === undefined && options.file === undefined) return await work(nobody);
  const { watchedByPrometheus } = await import("./with-prometheus.ts");
  return await watchedByPrometheus(options, work);
}
