import { ConfigError, isOperational, messageOf, TransientError } from "../core/errors.ts";
import { partitionKey } from "../core/partition-key.ts";
import { readAhead, type Reader } from "./read-ahead.ts";
import type {
  Checkpoint,
  PartitionCount,
  ReadOptions,
  Rejected,
  StreamBatch,
} from "../core/source.ts";

/** A slice of a stream that is read, and resumed, on its own. */
export interface Partition {
  readonly key: string;
  /** Its batches, with its own checkpoints. */
  read(signal: AbortSignal): AsyncIterable<StreamBatch>;
  /** Where its rows stand in the table, by which a sweep knows that it is gone. */
  readonly where?: NonNullable<Rejected["where"]>;
  /** The stream's own checkpoint that becomes true once this partition, and all before it, are committed. */
  readonly mark?: Checkpoint;
  /** Whether it failed in an earlier sync too, so that failing again says nothing about the service. */
  readonly failedBefore?: boolean;
  /** The checkpoint of the partition if it fails, by which the next sync finds it again. */
  readonly failed?: () => Checkpoint;
}

export interface PartitionOptions extends Pick<ReadOptions, "signal" | "log"> {
  /** How many partitions to read at once; the HTTP client's own limit applies below it. */
  readonly concurrency: number;
  /** How many partitions there are, where that is known before they are taken. For progress only. */
  readonly total?: number | undefined;
  /** How many partitions of the stream were read before these. For progress only. */
  readonly before?: number;
}

/** How much may wait for the writer. */
const maxBytes = 2 ** 20;

/** Failures in a row after which the service is at fault, not what is read from it. */
export const maxConsecutiveFailures = 3;

/**
 * Reads partitions concurrently, and lets the stream's mark pass one only when it and all before it have been handed over.
 * The partitions themselves are taken as they are needed, so that there may be any number of them.
 *
 * A partition that fails goes into quarantine and the others go on; the mark passes it, because what is in quarantine is
 * for the source to try again. When the service is not there, or partitions fail one after the other, or all of several do, the stream
 * fails instead.
 */
export async function* readPartitions(
  partitions: Iterable<Partition> | AsyncIterable<Partition>,
  { concurrency, total, before = 0, signal, log }: PartitionOptions,
): AsyncGenerator<StreamBatch, void> {
  const order = new MarkTracker();
  const of = Array.isArray(partitions) ? before + partitions.length : total;
  const service = new ServiceHealth();
  const rejectedBy = (partition: Partition, failure: Failure): Rejected => {
    const { key, where, failedBefore = false } = partition;
    const { error } = failure;
    if (!isOperational(error) || error instanceof ConfigError || isOutage(error)) throw error;
    if (!failedBefore && service.recordFailure(failure)) throw error;
    log.warning(`${key}: ${error.message}; in quarantine, the others go on`);
    const entry = { key: partitionKey(key), payload: key, reason: messageOf(error) };
    return where ? { ...entry, where } : entry;
  };
  const reader = (partition: Partition): Reader<StreamBatch> => {
    const { key, where } = partition;
    const place = { partition: key, ...(where ? { where } : {}) };
    const index = order.begin(partition.mark);
    return async function* (until) {
      const { successes } = service;
      try {
        for await (const part of partition.read(until)) yield { ...part, ...place };
        service.recordSuccess();
      } catch (error) {
        until.throwIfAborted();
        const rejected = [rejectedBy(partition, { error, successes })];
        const checkpoint = partition.failed?.();
        yield { rows: [], rejected, ...(checkpoint ? { partition: key, checkpoint } : {}) };
      }
      const mark = order.finish(index);
      if (mark) yield { rows: [], checkpoint: mark, bytes: 0 };
    };
  };
  let told = 0;
  const reach = (): PartitionCount => {
    told = order.finished;
    return { done: before + told, ...(of === undefined ? {} : { of }) };
  };
  const parts = readAhead(mapAsync(partitions, reader), { concurrency, maxBytes, signal });
  for await (const part of parts) yield { ...part, partitions: reach() };
  service.throwIfDown();
  if (told < order.finished) yield { rows: [], bytes: 0, partitions: reach() };
}

async function* mapAsync<A, B>(
  items: Iterable<A> | AsyncIterable<A>,
  make: (item: A) => B,
): AsyncGenerator<B, void> {
  for await (const item of items) yield make(item);
}

function isOutage(error: Error): boolean {
  return error instanceof TransientError && error.isOutage;
}

interface Failure {
  readonly error: unknown;
  /** How many partitions had been read when this one was begun. */
  readonly successes: number;
}

/** Tells a service that fails from partitions that do. */
class ServiceHealth {
  #successes = 0;
  #inARow = 0;
  #failures = 0;
  #first: Failure | undefined;

  get successes(): number {
    return this.#successes;
  }

  recordSuccess(): void {
    this.#successes += 1;
    this.#inARow = 0;
  }

  /** Takes note of a failure, and says whether it is one too many. One during which another partition was read counts for nothing. */
  recordFailure(failure: Failure): boolean {
    this.#first ??= failure;
    this.#failures += 1;
    if (failure.successes < this.#successes) return false;
    this.#inARow += 1;
    return this.#inARow >= maxConsecutiveFailures;
  }

  /** Throws, at the end, where not one partition could be read, though several were tried: of one alone, nobody knows whose fault it is. */
  throwIfDown(): void {
    if (this.#first && this.#successes === 0 && this.#failures > 1) throw this.#first.error;
  }
}

/** Which of the marks has been earned: the last before the first partition that is not finished. */
class MarkTracker {
  /** Marks of partitions that were begun and that the mark has not passed, by their place. */
  readonly #marks = new Map<number, Checkpoint | undefined>();
  readonly #finished = new Set<number>();
  #begun = 0;
  #next = 0;
  #all = 0;

  /** How many partitions are finished. */
  get finished(): number {
    return this.#all;
  }

  /** Gives a partition its place. */
  begin(mark: Checkpoint | undefined): number {
    this.#marks.set(this.#begun, mark);
    return this.#begun++;
  }

  finish(index: number): Checkpoint | undefined {
    this.#finished.add(index);
    this.#all += 1;
    let earned: Checkpoint | undefined;
    while (this.#finished.delete(this.#next)) {
      earned = this.#marks.get(this.#next) ?? earned;
      this.#marks.delete(this.#next);
      this.#next += 1;
    }
    return earned;
  }
}
