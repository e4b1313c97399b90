import { setTimeout as wait } from "node:timers/promises";
import type { Batch } from "../core/source.ts";

interface GroupLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds since the first batch. */
  readonly ms: number;
}

/** At this size, the cost of the transaction itself no longer matters. */
const groupLimits: GroupLimits = { rows: 10_000, bytes: 2 * 2 ** 20, ms: 1000 };

/**
 * Collects consecutive batches into groups that are worth a transaction; a group is complete at the
 * first limit it reaches. Batches that arrived before an error are yielded before it is thrown.
 */
export async function* groupBatches(
  batches: AsyncIterable<Batch>,
  limits: GroupLimits = groupLimits,
): AsyncGenerator<readonly Batch[], void> {
  const source = batches[Symbol.asyncIterator]();
  let group = new Group(limits);
  let next = toResult(source.next());
  try {
    for (;;) {
      const arrived = await (group.isEmpty ? next : Promise.race([next, group.timeIsUp()]));
      if (arrived === "time is up") {
        yield group.batches;
        group = new Group(limits);
      } else if ("error" in arrived) {
        if (!group.isEmpty) yield group.batches;
        throw arrived.error;
      } else if (arrived.result.done) {
        if (!group.isEmpty) yield group.batches;
        return;
      } else {
        group.add(arrived.result.value);
        next = toResult(source.next());
        if (group.isFull) {
          yield group.batches;
          group = new Group(limits);
        }
      }
    }
  } finally {
    group.stop();
    await source.return?.();
  }
}

class Group {
  readonly batches: Batch[] = [];
  readonly #limits: GroupLimits;
  readonly #timer = new AbortController();
  #timeIsUp: Promise<"time is up"> | undefined;
  #rows = 0;
  #bytes = 0;
  #isEnded = false;

  constructor(limits: GroupLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  get isFull(): boolean {
    return this.#isEnded || this.#rows >= this.#limits.rows || this.#bytes >= this.#limits.bytes;
  }

  add(batch: Batch): void {
    this.batches.push(batch);
    this.#rows += batch.rows.length;
    this.#bytes += batch.bytes ?? 0;
    this.#isEnded ||= batch.endsGroup === true;
    if (this.isFull) this.stop();
  }

  /** Resolves when the time limit is reached; the same promise each time. */
  timeIsUp(): Promise<"time is up"> {
    this.#timeIsUp ??= wait(this.#limits.ms, "time is up" as const, { signal: this.#timer.signal });
    this.#timeIsUp.catch(() => undefined);
    return this.#timeIsUp;
  }

  stop(): void {
    this.#timer.abort();
  }
}

type Result<T> = { readonly result: T } | { readonly error: unknown };

/** A promise that never rejects: nothing may be awaiting it when it settles. */
async function toResult<T>(promise: Promise<T>): Promise<Result<T>> {
  try {
    return { result: await promise };
  } catch (error) {
    return { error };
  }
}
