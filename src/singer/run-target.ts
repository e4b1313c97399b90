import { addCounts, type Counts, type Session, zeroCounts } from "../core/destination.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { newRequestStats, type RequestStats } from "../core/request-stats.ts";
import type { Batch } from "../core/source.ts";
import { groupBatches } from "../engine/group-batches.ts";
import { GroupWriter } from "../engine/group-writer.ts";
import type { Summary } from "../engine/sync.ts";
import { splitLines } from "./lines.ts";
import { TapReader } from "./tap-reader.ts";

/** What `runTarget` reads, and where it writes. */
interface TargetOptions {
  readonly session: Session;
  /** The name of the pipeline, under which states are stored. */
  readonly pipeline: string;
  /** Opens the output of a tap, which ends when the signal aborts. */
  readonly input: (signal: AbortSignal) => AsyncIterable<Buffer>;
  /** Receives a STATE, as JSON text, once everything before it is stored. */
  readonly onState: (state: string) => void;
  readonly startedAt: Date;
  /** The folder that files of a BATCH must be in. */
  readonly batchFolder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Writes the output of a tap to a destination, in groups of one transaction each, which include the
 * last STATE of the group. If the input cannot be read, everything before it is written first.
 */
export async function runTarget(options: TargetOptions): Promise<Summary> {
  const { session, pipeline, startedAt } = options;
  const stats = newRequestStats();
  const counts = new Map<string, Counts>();
  const inputStream = inputStreamOf(pipeline);
  await session.begin();
  try {
    await writeInput({ ...options, stats, counts, inputStream });
    const streams = [...new Set([...counts.keys(), inputStream])];
    const quarantined = await session.countQuarantined(streams);
    const settled = await session.countSettled(streams);
    const status = quarantined > 0 ? "partial" : "completed";
    await session.end({ status, counts, transfer: stats });
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    const failures = new Map<string, Error>();
    return { status, counts, failures, quarantined, settled, transfer: stats, seconds };
  } catch (error) {
    await recordFailure(error, options, { counts, transfer: stats });
    throw error;
  }
}

/** The stream that owns the states and invalid lines of a pipeline. */
export function inputStreamOf(pipeline: string): string {
  return `_rivulet_input:${pipeline}`;
}

interface TargetRun extends TargetOptions {
  readonly stats: RequestStats;
  readonly counts: Map<string, Counts>;
  readonly inputStream: string;
}

async function writeInput(options: TargetRun): Promise<void> {
  const { session, input, counts, inputStream, batchFolder, log } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, session.lost, stop.signal]);
  const writer = new GroupWriter({
    session,
    onWritten(result, group) {
      for (const [stream, more] of result) addCounts(countsFor(counts, stream), more);
      const state = lastState(group, inputStream);
      if (state !== undefined) options.onState(state);
    },
    onError(error) {
      stop.abort(error);
    },
  });
  const lines = splitLines(countBytes(input(signal), options.stats), "standard input");
  const reader = new TapReader({ session, inputStream, batchFolder, log });
  try {
    for await (const group of groupBatches(reader.readBatches(lines))) await writer.write(group);
    await writer.end();
  } catch (error) {
    // An error of the destination comes first: it also cuts off the input, which is not the cause.
    await writer.end();
    signal.throwIfAborted();
    throw error;
  }
}

async function* countBytes(
  input: AsyncIterable<Buffer>,
  stats: RequestStats,
): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    stats.bytes += chunk.length;
    yield chunk;
  }
}

function countsFor(counts: Map<string, Counts>, stream: string): Counts {
  const found = counts.get(stream) ?? zeroCounts();
  counts.set(stream, found);
  return found;
}

/** The last STATE of a group; it covers the earlier ones. */
function lastState(group: readonly Batch[], inputStream: string): string | undefined {
  const last = group.findLast(({ stream, checkpoint }) => stream === inputStream && checkpoint);
  const state = last?.checkpoint?.["state"];
  return typeof state === "string" ? state : undefined;
}

/** Records how the run ended. If that fails too, the first error is the one to report. */
async function recordFailure(
  error: unknown,
  { session, signal, log }: TargetOptions,
  result: { readonly counts: ReadonlyMap<string, Counts>; readonly transfer: RequestStats },
): Promise<void> {
  const status = signal.aborted ? "interrupted" : "failed";
  try {
    await session.end({ status, ...result, error: messageOf(error) });
  } catch (second) {
    log.debug(`could not record the end of this run: ${messageOf(second)}`);
  }
}
