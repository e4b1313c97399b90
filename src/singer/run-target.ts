import { readQuarantineReasons } from "../engine/quarantine-reasons.ts";
import { addCounts, type Counts, type Session, zeroCounts } from "../core/destination.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { newRequestStats, type RequestStats } from "../core/request-stats.ts";
import type { Batch } from "../core/source.ts";
import { groupBatches } from "../engine/group-batches.ts";
import { GroupWriter } from "../engine/group-writer.ts";
import { describeFailures, type Summary } from "../engine/sync.ts";
import { splitLines } from "./lines.ts";
import { RefusedStreams } from "./refused-streams.ts";
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
    const failures = await writeInput({ ...options, stats, counts, inputStream });
    for (const stream of failures.keys()) countsFor(counts, stream);
    const streams = [...new Set([...counts.keys(), inputStream])];
    const quarantined = await session.countQuarantined(streams);
    const reasons = await readQuarantineReasons(session, streams, options.log);
    const settled = await session.countSettled(streams);
    const status = failures.size > 0 ? "failed" : quarantined > 0 ? "partial" : "completed";
    const error = describeFailures(failures);
    await session.end({ status, counts, transfer: stats, ...(error === "" ? {} : { error }) });
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    return { status, counts, failures, quarantined, reasons, settled, transfer: stats, seconds };
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

/** Returns the errors of the streams that were left out, by stream. */
async function writeInput(options: TargetRun): Promise<ReadonlyMap<string, Error>> {
  const { session, input, counts, inputStream, batchFolder, log } = options;
  const refused = new RefusedStreams({
    session,
    inputStream,
    log,
    onWritten(batches) {
      const state = lastState(batches, inputStream);
      if (state !== undefined) options.onState(state);
    },
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, session.lost, stop.signal]);
  const writer = new GroupWriter({
    session: refused,
    onWritten(result) {
      for (const [stream, more] of result) addCounts(countsFor(counts, stream), more);
    },
    onError(error) {
      stop.abort(error);
    },
  });
  const lines = splitLines(countBytes(input(signal), options.stats), "standard input");
  const onRefused = refused.add.bind(refused);
  const reader = new TapReader({ session, inputStream, onRefused, batchFolder, log });
  try {
    for await (const group of groupBatches(reader.readBatches(lines))) await writer.write(group);
    await writer.end();
    return refused.errors;
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
