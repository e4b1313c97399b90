import { messageOf } from "../core/errors.ts";
import { grouped } from "../engine/group-batches.ts";
import type { Log } from "../core/log.ts";
import type { Batch } from "../core/source.ts";
import { newTransfer, type Transfer } from "../core/request-stats.ts";
import { addCounts, noCounts, type Counts, type Session } from "../core/destination.ts";
import { GroupWriter } from "../engine/group-writer.ts";
import { linesOf } from "./lines.ts";
import { Receiver } from "./tap-reader.ts";
import type { Summary } from "../engine/sync.ts";

export interface LoadOptions {
  readonly session: Session;
  /** The name of the pipeline, under which states are kept. */
  readonly pipeline: string;
  /** What a tap writes, until the signal aborts. */
  readonly input: (signal: AbortSignal) => AsyncIterable<Buffer>;
  /** Is given each STATE, as JSON text, once all that came before it is stored. */
  readonly stored: (state: string) => void;
  readonly startedAt: Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Writes what a tap sends into a destination, in groups that are worth a transaction each, with the last STATE among them. What cannot be read
 * ends it, after all that came before was written.
 */
export async function load(options: LoadOptions): Promise<Summary> {
  const { session, pipeline, startedAt } = options;
  const transfer = newTransfer();
  const counts = new Map<string, Counts>();
  const inputStream = `_rivulet_input:${pipeline}`;
  await session.begin();
  try {
    await copyInput({ ...options, transfer, counts, inputStream });
    const quarantined = await session.quarantined([...new Set([...counts.keys(), inputStream])]);
    const status = quarantined > 0 ? "partial" : "completed";
    await session.end({ status, counts, transfer });
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    return { status, counts, failures: new Map(), quarantined, transfer, seconds };
  } catch (error) {
    await recordFailure(error, options, { counts, transfer });
    throw error;
  }
}

interface Loading extends LoadOptions {
  readonly transfer: Transfer;
  readonly counts: Map<string, Counts>;
  readonly inputStream: string;
}

async function copyInput(options: Loading): Promise<void> {
  const { session, input, counts, inputStream, log } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, session.lost, stop.signal]);
  const writer = new GroupWriter({
    session,
    wrote(result, group) {
      for (const [stream, more] of result) addCounts(countsOf(counts, stream), more);
      const state = lastState(group, inputStream);
      if (state !== undefined) options.stored(state);
    },
    refused(error) {
      stop.abort(error);
    },
  });
  const lines = linesOf(counted(input(signal), options.transfer), "standard input");
  const receiver = new Receiver({ session, inputStream, log });
  try {
    for await (const group of grouped(receiver.receive(lines))) await writer.write(group);
    await writer.end();
  } catch (error) {
    // What the destination refused comes first; an input that was cut off is not what ended it.
    await writer.end();
    signal.throwIfAborted();
    throw error;
  }
}

async function* counted(input: AsyncIterable<Buffer>, transfer: Transfer): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    transfer.bytes += chunk.length;
    yield chunk;
  }
}

function countsOf(counts: Map<string, Counts>, stream: string): Counts {
  const known = counts.get(stream) ?? noCounts();
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
  { session, signal, log }: LoadOptions,
  done: { readonly counts: ReadonlyMap<string, Counts>; readonly transfer: Transfer },
): Promise<void> {
  const status = signal.aborted ? "interrupted" : "failed";
  try {
    await session.end({ status, ...done, error: messageOf(error) });
  } catch (second) {
    log.debug(`the end of this run could not be recorded: ${messageOf(second)}`);
  }
}
