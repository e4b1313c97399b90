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

/** A slice of a stream that is read and resumed on its own. */
export interface Partition {
  readonly key: string;
  /** Its batches, with its own checkpoints. */
  read(signal: AbortSignal): AsyncIterable<StreamBatch>;
  /**
   * The column values that all its rows share; a sweep uses them to find the partition's entries.
   */
  readonly where?: NonNullable<Rejected["where"]>;
  /** The stream's own checkpoint once this partition and all before it are committed. */
  readonly mark?: Checkpoint;
  /** It failed in an earlier sync too, so another failure says nothing about the service. */
  readonly failedBefore?: boolean;
  /** The checkpoint to save if it fails, so that the next sync tries it again. */
  readonly failed?: () => Checkpoint;
}

/** How to read the partitions of a stream. */
export interface PartitionOptions extends Pick<ReadOptions, "signal" | "log"> {
  /** Partitions to read in parallel; the HTTP client may allow fewer requests. */
  readonly concurrency: number;
  /** The number of all partitions, if known in advance. For progress only. */
  readonly total?: number | undefined;
  /** The number of partitions of the stream that were read before these. For progress only. */
  readonly before?: number;
  /**
   * Whether an earlier sync read something of the stream. If none ever did, a single partition that
   * fails fails the stream. Default: true.
   */
  readonly readBefore?: boolean;
}

/** How much may wait for the writer. */
const maxBytes = 2 ** 20;

/** After this many failures in a row the service is at fault, not what is read from it. */
export const maxConsecutiveFailures = 3;

/**
 * Reads partitions in parallel. The stream's mark passes a partition only once it and all before it
 * have been yielded. Partitions are pulled as needed, so there may be any number of them.
 *
 * A partition that fails is quarantined and the others continue; the mark passes it, because the
 * source tries quarantined partitions again. The stream fails instead during an outage, after
 * several failures in a row, if all of several partitions fail, or if nothing of it was ever read.
 */
export async function* readPartitions(
  partitions: Iterable<Partition> | AsyncIterable<Partition>,
  { concurrency, total, before = 0, readBefore = true, signal, log }: PartitionOptions,
): AsyncGenerator<StreamBatch, void> {
  const marks = new MarkTracker();
  const of = Array.isArray(partitions) ? before + partitions.length : total;
  const service = new ServiceHealth(readBefore);
  const rejectedBy = (partition: Partition, failure: Failure): Rejected => {
    const { key, where } = partition;
    const { error } = failure;
    if (!isOperational(error) || error instanceof ConfigError || isOutage(error)) throw error;
    if (service.recordFailure(failure, partition)) throw error;
    log.warning(`${key}: ${error.message}; quarantined, continuing with the others`);
    const entry = { key: partitionKey(key), payload: key, reason: messageOf(error) };
    return where ? { ...entry, where } : entry;
  };
  const reader = (partition: Partition): Reader<StreamBatch> => {
    const { key, where } = partition;
    const origin = { partition: key, ...(where ? { where } : {}) };
    const index = marks.begin(partition.mark);
    return async function* (until) {
      const { successes } = service;
      try {
        for await (const batch of partition.read(until)) {
          if (batch.rows.length > 0) service.recordRows();
          yield { ...batch, ...origin };
        }
        service.recordSuccess();
      } catch (error) {
        until.throwIfAborted();
        const rejected = [rejectedBy(partition, { error, successes })];
        const checkpoint = partition.failed?.();
        yield { rows: [], rejected, ...(checkpoint ? { partition: key, checkpoint } : {}) };
      }
      const mark = marks.finish(index);
      if (mark) yield { rows: [], checkpoint: mark, bytes: 0 };
    };
  };
  let reported = 0;
  const progress = (): PartitionCount => {
    reported = marks.finished;
    return { done: before + reported, ...(of === undefined ? {} : { of }) };
  };
  const batches = readAhead(mapAsync(partitions, reader), { concurrency, maxBytes, signal });
  for await (const batch of batches) yield { ...batch, partitions: progress() };
  service.throwIfNothingRead();
  if (reported < marks.finished) yield { rows: [], bytes: 0, partitions: progress() };
}

async function* mapAsync<A, B>(
  items: Iterable<A> | AsyncIterable<A>,
  map: (item: A) => B,
): AsyncGenerator<B, void> {
  for await (const item of items) yield map(item);
}

function isOutage(error: Error): boolean {
  return error instanceof TransientError && error.isOutage;
}

interface Failure {
  readonly error: unknown;
  /** The number of partitions that had been read when this one was started. */
  readonly successes: number;
}

/** Distinguishes a failing service from failing partitions. */
class ServiceHealth {
  #successes = 0;
  #inARow = 0;
  #failures = 0;
  #first: Failure | undefined;
  /** Something of the stream was read, in this sync or before. */
  #hasRead: boolean;

  constructor(readBefore: boolean) {
    this.#hasRead = readBefore;
  }

  get successes(): number {
    return this.#successes;
  }

  recordSuccess(): void {
    this.#successes += 1;
    this.#inARow = 0;
  }

  recordRows(): void {
    this.#hasRead = true;
  }

  /**
   * Returns whether the service is at fault by now. A failure does not count if the partition has
   * failed before, or if another one was read since it was started.
   */
  recordFailure(failure: Failure, { failedBefore = false }: Partition): boolean {
    this.#first ??= failure;
    if (failedBefore) return false;
    this.#failures += 1;
    if (failure.successes < this.#successes) return false;
    this.#inARow += 1;
    return this.#inARow >= maxConsecutiveFailures;
  }

  /**
   * Throws if several partitions failed and none was read. A single one may itself be at fault, but
   * a stream of which nothing was ever read has failed with it.
   */
  throwIfNothingRead(): void {
    if (!this.#first || this.#successes > 0) return;
    if (this.#failures > 1 || !this.#hasRead) throw this.#first.error;
  }
}

/** The mark may advance over the longest finished prefix of the partitions. */
class MarkTracker {
  /** Marks by index, of started partitions that the mark has not passed yet. */
  readonly #marks = new Map<number, Checkpoint | undefined>();
  /** Indexes of finished partitions that the mark has not passed yet. */
  readonly #ahead = new Set<number>();
  #started = 0;
  #next = 0;
  #finished = 0;

  /** The number of finished partitions. */
  get finished(): number {
    return this.#finished;
  }

  /** Returns the partition's index. */
  begin(mark: Checkpoint | undefined): number {
    this.#marks.set(this.#started, mark);
    return this.#started++;
  }

  /** Returns the mark that the stream has reached by this, if it moved. */
  finish(index: number): Checkpoint | undefined {
    this.#ahead.add(index);
    this.#finished += 1;
    let reached: Checkpoint | undefined;
    while (this.#ahead.delete(this.#next)) {
      reached = this.#marks.get(this.#next) ?? reached;
      this.#marks.delete(this.#next);
      this.#next += 1;
    }
    return reached;
  }
}
