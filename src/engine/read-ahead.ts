import { ByteQueue } from "./byte-queue.ts";

interface ReadAheadOptions {
  /** Iterables to read in parallel. */
  readonly concurrency: number;
  /** How much may wait for the writer. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Starts to read; stops when the signal aborts. */
export type Reader<T> = (signal: AbortSignal) => AsyncIterable<T>;

/** The assumed size of an item that does not give its own. */
const assumedBytes = 65_536;

/**
 * Reads iterables ahead of the consumer, several in parallel, and yields items as they arrive,
 * those of one iterable in its order. The first error stops all reading and is thrown after the
 * items that arrived before it. If the consumer stops, so does the reading.
 */
export async function* readAhead<T extends { readonly bytes?: number }>(
  readers: Iterable<Reader<T>> | AsyncIterable<Reader<T>>,
  { concurrency, maxBytes, signal }: ReadAheadOptions,
): AsyncGenerator<T, void> {
  const stop = new AbortController();
  const queue = new ByteQueue<T>(maxBytes);
  const until = AbortSignal.any([signal, stop.signal]);
  const pending = iteratorOf(readers);
  const work = async (): Promise<void> => {
    for (let next = await pending.next(); !next.done; next = await pending.next()) {
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
