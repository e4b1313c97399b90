import { groupBatches } from "./group-batches.ts";
import { readAhead } from "./read-ahead.ts";
import type { Batch, ReadOptions, Stream } from "../core/source.ts";

/** How much of a stream may wait for the writer. */
const maxBytes = 2 ** 20;

/**
 * Reads a stream's batches ahead of the writer, in groups that are worth a transaction each. Every
 * writer (database, Fivetran, Singer) reads through this function. Asking for the next group frees
 * the memory that this one holds.
 */
export async function* readStream(
  stream: Stream,
  options: ReadOptions,
): AsyncGenerator<readonly Batch[], void> {
  const { signal } = options;
  const reader = (until: AbortSignal): AsyncIterable<Batch> =>
    withStreamName(stream, { ...options, signal: until });
  for await (const group of groupBatches(
    readAhead([reader], { concurrency: 1, maxBytes, signal }),
  )) {
    try {
      yield group;
    } finally {
      for (const { held } of group) held?.[Symbol.dispose]();
    }
  }
}

async function* withStreamName(stream: Stream, options: ReadOptions): AsyncGenerator<Batch, void> {
  for await (const batch of stream.read(options))
    yield { readAt: Date.now(), ...batch, stream: stream.name };
}
