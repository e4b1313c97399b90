import { ByteQueue } from "./byte-queue.ts";

export interface ReadAheadOptions {
  /** How many of the iterables are read at once. */
  readonly concurrency: number;
  /** How much may wait for the writer. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Begins to read; stops when the signal aborts. */
export type Reader<T> = (signal: AbortSignal) => AsyncIterable<T>;

/** What an item counts as where it does not say its size. */
const assumedBytes = 65_536;

/**
 * Reads iterables ahead of whoever consumes them: several at once, each in its own order, in the order in which their items
 * arrive. The first that fails ends the rest, after all that had arrived was handed over. Consuming no further stops
 * the reading.
 */
export async function* readAhead<T extends { readonly bytes?: number }>(
  readers: Iterable<Reader<T>> | AsyncIterable<Reader<T>>,
  { concurrency, maxBytes, signal }: ReadAheadOptions,
): AsyncGenerator<T, void> {
  const stop = new AbortController();
  const queue = new ByteQueue<T>(maxBytes);
  const until = AbortSignal.any([signal, stop.signal]);
  const waiting = iteratorOf(readers);
  const work = async (): Promise<void> => {
    for (let next = await waiting.next(); !next.done; next = await waiting.next()) {
      for await (const item of next.value(until)) {
        await queue.push(item, item.bytes ?? assumedBytes);
        until.throwIfAborted();
      }
    }
  };
  const workers = Array.from({ length: concurrency }, work);
  const finished = Promise.all(workers).then(
    () => {
      queue.close();
    },
    (error: unknown) => {
      queue.close({ error });
      stop.abort(error);
    },
  );
  try {
    yield* queue;
  } finally {
    queue.close();
    stop.abort(new Error("reading was stopped"));
    await Promise.allSettled(workers);
    await finished;
  }
}

function iteratorOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
): AsyncIterator<T> | Iterator<T, unknown> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
