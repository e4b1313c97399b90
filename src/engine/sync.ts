import { readQuarantineReasons } from "./quarantine-reasons.ts";
import {
  ConfigError,
  isOperational,
  isTableError,
  LockedError,
  messageOf,
} from "../core/errors.ts";
import { WrittenBatches } from "./written-batches.ts";
import { readStream } from "./read-stream.ts";
import type { Batch, Checkpoints, ReadOptions, Stream } from "../core/source.ts";
import type { RequestStats } from "../core/request-stats.ts";
import {
  addCounts,
  zeroCounts,
  type Counts,
  type QuarantineReason,
  type Session,
  type SyncStatus,
} from "../core/destination.ts";
import { GroupWriter } from "./group-writer.ts";
import { prepareStreams } from "./prepare-streams.ts";

/** The result of a sync. */
export interface Summary {
  readonly status: SyncStatus;
  readonly counts: ReadonlyMap<string, Counts>;
  /** Errors of the streams that failed, by stream. */
  readonly failures: ReadonlyMap<string, Error>;
  /**
   * The number of entries of these streams in quarantine that are not settled, from this sync and
   * earlier ones.
   */
  readonly quarantined: number;
  /** Why they are there. */
  readonly reasons: readonly QuarantineReason[];
  /** The number of settled entries. */
  readonly settled: number;
  /** What the streams say besides, once each. */
  readonly notes?: readonly string[];
  readonly transfer: RequestStats;
  readonly seconds: number;
}

/** How far a stream has come, as its latest batches report it. */
export type StreamProgress = Pick<Batch, "expected" | "partitions">;

/** Receives progress events. */
export interface ProgressListener {
  started(stream: Pick<Stream, "name" | "units">): void;
  /** `counts` covers everything the sync has written to the stream so far. */
  wrote(stream: string, counts: Counts, streamProgress: StreamProgress): void;
  ended(stream: string): void;
}

/** What to sync, and where to. */
export interface SyncOptions extends Omit<ReadOptions, "checkpoints" | "quarantined"> {
  readonly session: Session;
  readonly streams: readonly Stream[];
  readonly transfer: RequestStats;
  readonly progress: ProgressListener;
}

/**
 * Copies streams into a destination, one after the other: prepares the tables, then writes each
 * group of batches with the checkpoints it earned.
 *
 * A stream that cannot be read, or whose table cannot be written, fails alone. Any other
 * ConfigError, an interruption or a lost lease ends the sync. `_rivulet_sync` records the end in
 * every case.
 */
export async function sync(options: SyncOptions): Promise<Summary> {
  const { session, streams, transfer, startedAt } = options;
  const counts = new Map<string, Counts>(streams.map(({ name }) => [name, zeroCounts()]));
  const failures = new Map<string, Error>();
  const notes = new Set<string>();
  await session.begin();
  try {
    for (const [name, error] of await prepareStreams(session, streams)) {
      options.log.severe(`${name}: ${error.message}`);
      failures.set(name, error);
    }
    const state = await session.state();
    for (const stream of streams.filter(({ name }) => !failures.has(name))) {
      const checkpoints: Checkpoints = state.get(stream.name) ?? new Map();
      const quarantined = (await session.quarantined?.(stream.name)) ?? [];
      const saved = { checkpoints, quarantined };
      const failure = await copyStream(stream, saved, { ...options, counts, notes });
      if (failure) failures.set(stream.name, failure);
    }
    const names = streams.map(({ name }) => name);
    const quarantined = await session.countQuarantined(names);
    const reasons = await readQuarantineReasons(session, names, options.log);
    const settled = await session.countSettled(names);
    const status = failures.size > 0 ? "failed" : quarantined > 0 ? "partial" : "completed";
    const error = describeFailures(failures);
    await session.end({ status, counts, transfer, ...(error === "" ? {} : { error }) });
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    return {
      ...{ status, counts, failures, quarantined, reasons, settled, notes: [...notes] },
      ...{ transfer, seconds },
    };
  } catch (error) {
    await recordFailure(error, { ...options, counts });
    throw error;
  }
}

/** The errors of streams, one a line, for `_rivulet_sync`. */
export function describeFailures(failures: ReadonlyMap<string, Error>): string {
  return [...failures].map(([name, { message }]) => `${name}: ${message}`).join("\n");
}

type CountingOptions = SyncOptions & { readonly counts: ReadonlyMap<string, Counts> };

type CopyOptions = CountingOptions & { readonly notes: Set<string> };

/** What earlier syncs left of a stream. */
type SavedOfStream = Pick<ReadOptions, "checkpoints" | "quarantined">;

/** Returns the error if reading failed; what was read before it is written. */
async function copyStream(
  stream: Stream,
  saved: SavedOfStream,
  options: CopyOptions,
): Promise<Error | undefined> {
  const { session, progress, counts, notes } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, session.lost, stop.signal]);
  const written = counts.get(stream.name) ?? zeroCounts();
  const batches = new WrittenBatches();
  const writer = new GroupWriter({
    session,
    onWritten(result, group) {
      for (const more of result.values()) addCounts(written, more);
      for (const { note } of group) if (note !== undefined) notes.add(note);
      progress.wrote(stream.name, written, progressOf(group));
      batches.record(group.length);
    },
    onError(error) {
      stop.abort(error);
    },
  });
  const counted = { ...stream, read: (more: ReadOptions) => batches.count(stream.read(more)) };
  const countRows =
    session.countRows &&
    (async (column: string) => {
      await batches.settled(signal);
      return (await session.countRows?.(stream.name, column)) ?? new Map<string, number>();
    });
  const reading = { ...options, ...saved, signal, ...(countRows ? { countRows } : {}) };
  progress.started(stream);
  try {
    for await (const group of readStream(counted, reading)) {
      await writer.write(group);
    }
    await writer.end();
    return undefined;
  } catch (readError) {
    // An error of the destination takes precedence: it is why reading was stopped.
    const error = await writer.end().then(() => readError, tableErrorOrThrow);
    if (!failsStreamOnly(error, options)) throw error;
    options.log.severe(`${stream.name}: ${error.message}`);
    return error;
  } finally {
    progress.ended(stream.name);
  }
}

/** A failed write ends the sync, unless only the stream's table is to blame. */
function tableErrorOrThrow(error: unknown): Error {
  if (isTableError(error)) return error;
  throw error;
}

/** Whether the other streams can still be read after this error. */
function failsStreamOnly(error: unknown, { signal, session }: SyncOptions): error is Error {
  if (signal.aborted || session.lost.aborted) return false;
  if (error instanceof ConfigError) return error.isPartial;
  return isOperational(error) && !(error instanceof LockedError);
}

function progressOf(group: readonly Batch[]): StreamProgress {
  const { expected } = group.findLast((batch) => batch.expected !== undefined) ?? {};
  const { partitions } = group.findLast((batch) => batch.partitions !== undefined) ?? {};
  return { ...(expected === undefined ? {} : { expected }), ...(partitions ? { partitions } : {}) };
}

/** Records a failed sync; if that fails too, the first error is the one to report. */
async function recordFailure(
  error: unknown,
  { session, signal, counts, transfer, log }: CountingOptions,
): Promise<void> {
  const status = signal.aborted ? "interrupted" : "failed";
  try {
    await session.end({ status, counts, transfer, error: messageOf(error) });
  } catch (second) {
    log.debug(`could not record the end of this sync: ${messageOf(second)}`);
  }
}
