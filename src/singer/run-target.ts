import { messageOf } from "../core/errors.ts";
import { groupBatches } from "../engine/group-batches.ts";
import type { Log } from "../core/log.ts";
import type { Batch } from "../core/source.ts";
import { newRequestStats, type RequestStats } from "../core/request-stats.ts";
import { addCounts, zeroCounts, type Counts, type Session } from "../core/destination.ts";
import { GroupWriter } from "../engine/group-writer.ts";
import { splitLines } from "./lines.ts";
import { TapReader } from "./tap-reader.ts";
import type { Summary } from "../engine/sync.ts";

export interface TargetOptions {
  readonly session: Session;
  /** The name of the pipeline, under which states are kept. */
  readonly pipeline: string;
  /** What a tap writes, until the signal aborts. */
  readonly input: (signal: AbortSignal) => AsyncIterable<Buffer>;
  /** Is given each STATE, as JSON text, once all that came before it is stored. */
  readonly onState: (state: string) => void;
  readonly startedAt: Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Writes what a tap sends into a destination, in groups that are worth a transaction each, with the last STATE among them. What cannot be read
 * ends it, after all that came before was written.
 */
export async function runTarget(options: TargetOptions): Promise<Summary> {
  const { session, pipeline, startedAt } = options;
  const transfer = newRequestStats();
  const counts = new Map<string, Counts>();
  const inputStream = `_rivulet_input:${pipeline}`;
  await session.begin();
  try {
    await writeInput({ ...options, transfer, counts, inputStream });
    const quarantined = await session.countQuarantined([
      ...new Set([...counts.keys(), inputStream]),
    ]);
    const status = quarantined > 0 ? "partial" : "completed";
    await session.end({ status, counts, transfer });
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    return { status, counts, failures: new Map(), quarantined, transfer, seconds };
  } catch (error) {
    await recordFailure(error, options, { counts, transfer });
    throw error;
  }
}

interface TargetRun extends TargetOptions {
  readonly transfer: RequestStats;
  readonly counts: Map<string, Counts>;
  readonly inputStream: string;
}

async function writeInput(options: TargetRun): Promise<void> {
  const { session, input, counts, inputStream, log } = options;
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
  const lines = splitLines(countBytes(input(signal), options.transfer), "standard input");
  const receiver = new TapReader({ session, inputStream, log });
  try {
    for await (const group of groupBatches(receiver.readBatches(lines))) await writer.write(group);
    await writer.end();
  } catch (error) {
    // What the destination refused comes first; an input that was cut off is not what ended it.
    await writer.end();
    signal.throwIfAborted();
    throw error;
  }
}

async function* countBytes(
  input: AsyncIterable<Buffer>,
  transfer: RequestStats,
): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    transfer.bytes += chunk.length;
    yield chunk;
  }
}

function countsFor(counts: Map<string, Counts>, stream: string): Counts {
  const known = counts.get(stream) ?? zeroCounts();
  counts.set(stream, known);
  return known;
}

/** The last STATE of a group: it vouches for what came before the earlier ones, too. */
function lastState(group: readonly Batch[], inputStream: string): string | undefined {
  const last = group.findLast(({ stream, checkpoint }) => stream === inputStream && checkpoint);
  const state = last?.checkpoint?.["state"];
  return typeof state === "string" ? state : undefined;
}

/** Records how it ended; where even that fails, the first error is the one to tell. */
async function recordFailure(
  error: unknown,
  { session, signal, log }: TargetOptions,
  done: { readonly counts: ReadonlyMap<string, Counts>; readonly transfer: RequestStats },
): Promise<void> {
  const status = signal.aborted ? "interrupted" : "failed";
  try {
    await session.end({ status, ...done, error: messageOf(error) });
  } catch (second) {
    log.debug(`the end of this run could not be recorded: ${messageOf(second)}`);
  }
}
