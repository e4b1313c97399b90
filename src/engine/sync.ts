import { ConfigError, isOperational, LockedError, messageOf } from "../core/errors.ts";
import { readStream } from "./read-stream.ts";
import type { Batch, Checkpoints, ReadOptions, Stream } from "../core/source.ts";
import type { RequestStats } from "../core/request-stats.ts";
import {
  addCounts,
  zeroCounts,
  type Counts,
  type Session,
  type SyncStatus,
} from "../core/destination.ts";
import { GroupWriter } from "./group-writer.ts";

/** What a sync did. */
export interface Summary {
  readonly status: SyncStatus;
  readonly counts: ReadonlyMap<string, Counts>;
  /** Why streams failed, by stream. */
  readonly failures: ReadonlyMap<string, Error>;
  /** How many entries of these streams are in quarantine, from this sync and earlier ones. */
  readonly quarantined: number;
  readonly transfer: RequestStats;
  readonly seconds: number;
}

/** How far a stream is, as far as its batches said. */
export type StreamProgress = Pick<Batch, "expected" | "partitions">;

/** Who wants to know how far a sync is. */
export interface ProgressListener {
  started(stream: Pick<Stream, "name" | "units">): void;
  /** `counts` are of all that was written so far. */
  wrote(stream: string, counts: Counts, reach: StreamProgress): void;
  ended(stream: string): void;
}

export interface SyncOptions extends Omit<ReadOptions, "checkpoints"> {
  readonly session: Session;
  readonly streams: readonly Stream[];
  readonly transfer: RequestStats;
  readonly progress: ProgressListener;
}

/**
 * Copies streams, one after the other, into a destination: prepare, then write each group of batches with the checkpoints it earned.
 *
 * A stream that cannot be read fails alone; what a person has to change, an interruption, a lost lock and a destination that
 * cannot be written end the sync. The end is recorded in each case.
 */
export async function sync(options: SyncOptions): Promise<Summary> {
  const { session, streams, transfer, startedAt } = options;
  const counts = new Map<string, Counts>(streams.map(({ name }) => [name, zeroCounts()]));
  const failures = new Map<string, Error>();
  await session.begin();
  try {
    await session.prepare(streams);
    const state = await session.state();
    for (const stream of streams) {
      const checkpoints: Checkpoints = state.get(stream.name) ?? new Map();
      const failure = await copyStream(stream, checkpoints, { ...options, counts });
      if (failure) failures.set(stream.name, failure);
    }
    const quarantined = await session.countQuarantined(streams.map(({ name }) => name));
    const status = failures.size > 0 ? "failed" : quarantined > 0 ? "partial" : "completed";
    const error = [...failures].map(([name, failure]) => `${name}: ${failure.message}`).join("\n");
    await session.end({ status, counts, transfer, ...(error === "" ? {} : { error }) });
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    return { status, counts, failures, quarantined, transfer, seconds };
  } catch (error) {
    await recordFailure(error, { ...options, counts });
    throw error;
  }
}

type CountingOptions = SyncOptions & { readonly counts: ReadonlyMap<string, Counts> };

/** Copies one stream; the error where reading it failed. What was read before the error is written. */
async function copyStream(
  stream: Stream,
  checkpoints: Checkpoints,
  options: CountingOptions,
): Promise<Error | undefined> {
  const { session, progress, counts } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, session.lost, stop.signal]);
  const written = counts.get(stream.name) ?? zeroCounts();
  const writer = new GroupWriter({
    session,
    onWritten(result, group) {
      for (const more of result.values()) addCounts(written, more);
      progress.wrote(stream.name, written, progressOf(group));
    },
    onError(error) {
      stop.abort(error);
    },
  });
  progress.started(stream);
  try {
    for await (const group of readStream(stream, { ...options, checkpoints, signal })) {
      await writer.write(group);
    }
    await writer.end();
    return undefined;
  } catch (error) {
    // What the destination refused comes first.
    await writer.end();
    if (!failsStreamOnly(error, options)) throw error;
    options.log.severe(`${stream.name}: ${error.message}`);
    return error;
  } finally {
    progress.ended(stream.name);
  }
}

/** Whether an error in reading leaves the other streams readable. */
function failsStreamOnly(error: unknown, { signal, session }: SyncOptions): error is Error {
  if (signal.aborted || session.lost.aborted) return false;
  return isOperational(error) && !(error instanceof ConfigError) && !(error instanceof LockedError);
}

function progressOf(group: readonly Batch[]): StreamProgress {
  const { expected } = group.findLast((batch) => batch.expected !== undefined) ?? {};
  const { partitions } = group.findLast((batch) => batch.partitions !== undefined) ?? {};
  return { ...(expected === undefined ? {} : { expected }), ...(partitions ? { partitions } : {}) };
}

/** Records how a sync ended; where even that fails, the first error is the one to tell. */
async function recordFailure(
  error: unknown,
  { session, signal, counts, transfer, log }: CountingOptions,
): Promise<void> {
  const status = signal.aborted ? "interrupted" : "failed";
  try {
    await session.end({ status, counts, transfer, error: messageOf(error) });
  } catch (second) {
    log.debug(`the end of this sync could not be recorded: ${messageOf(second)}`);
  }
}
