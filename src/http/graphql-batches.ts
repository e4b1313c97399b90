import { ConfigError, TransientError } from "../core/errors.ts";
import type { AttemptLimits } from "./attempt-limits.ts";
import { BatchSize } from "./batch-size.ts";
import { aliasAt } from "./graphql-aliases.ts";
import type { GraphqlRequest, GraphqlResponse } from "./graphql.ts";
import { HttpError } from "./http-error.ts";

/** How to send a batch. */
export type BatchLimits = Pick<
  GraphqlRequest<unknown>,
  "allowPartial" | "retryAttempts" | "requestTimeoutMs"
>;

/** The response to a batch, with a value for each of its requests. */
export interface BatchResponse<Value> extends Pick<GraphqlResponse<unknown>, "errors" | "body"> {
  readonly values: readonly Value[];
}

interface BatchOptions<Item, Value> {
  /** Maximum batches in flight. */
  readonly concurrency: number;
  /** Sends the items as one query, in which each has the alias of its index. */
  readonly send: (items: readonly Item[], limits: BatchLimits) => Promise<BatchResponse<Value>>;
}

interface PendingRequest<Item, Value> {
  readonly item: Item;
  readonly limits: AttemptLimits;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/** How long a request waits for others to join its batch. */
const batchDelayMs = 20;

/** A batch that takes longer has a request that would better be sent alone. */
const batchTimeoutMs = 20_000;

/**
 * Combines requests into one, using aliases; into more as long as that succeeds. A request that
 * fails in a batch is retried on its own, so that it does not affect others.
 */
export class GraphqlBatches<Item, Value> {
  readonly #options: BatchOptions<Item, Value>;
  readonly #size = new BatchSize();
  readonly #isolated: PendingRequest<Item, Value>[] = [];
  readonly #shared: PendingRequest<Item, Value>[] = [];
  #inFlight = 0;
  #isDelayOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatchOptions<Item, Value>) {
    this.#options = options;
  }

  /** Sends a request, with others if it is not to be isolated; then the limits are the batch's. */
  request(item: Item, limits: AttemptLimits): Promise<Value> {
    return new Promise((resolve, reject) => {
      (limits.isolated ? this.#isolated : this.#shared).push({ item, limits, resolve, reject });
      // Requests made in the same tick join the batch.
      setImmediate(() => {
        this.#sendReady();
      });
    });
  }

  #sendReady(): void {
    while (this.#inFlight < this.#options.concurrency) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      void this.#send(batch);
    }
  }

  #nextBatch(): readonly PendingRequest<Item, Value>[] {
    if (this.#isolated.length > 0) return this.#isolated.splice(0, 1);
    const { current } = this.#size;
    const isFull = this.#shared.length >= current;
    if (isFull || this.#isDelayOver || this.#inFlight === 0) {
      this.#isDelayOver = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return this.#shared.splice(0, current);
    }
    if (this.#shared.length > 0) this.#startDelay();
    return [];
  }

  #startDelay(): void {
    this.#timer ??= setTimeout(() => {
      this.#isDelayOver = true;
      this.#timer = undefined;
      this.#sendReady();
    }, batchDelayMs);
  }

  async #send(batch: readonly PendingRequest<Item, Value>[]): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#requestBatch(batch);
    } catch (error) {
      if (batch.length === 1 || !isWorthSplitting(error))
        for (const { reject } of batch) reject(error);
      else {
        this.#size.recordFailure(batch.length);
        this.#isolated.push(...batch);
      }
    } finally {
      this.#inFlight -= 1;
      this.#sendReady();
    }
  }

  async #requestBatch(batch: readonly PendingRequest<Item, Value>[]): Promise<void> {
    const startedAt = performance.now();
    const items = batch.map(({ item }) => item);
    const { values, errors, body } = await this.#options.send(items, limitsOf(batch));
    const failed = new Set(errors.map(({ path = [] }) => path[1]));
    for (const [index, value] of values.entries()) {
      const pending = batch[index];
      if (!pending) continue;
      if (failed.has(aliasAt(index))) this.#isolated.push(pending);
      else pending.resolve(value);
    }
    const ms = performance.now() - startedAt;
    this.#size.recordSuccess(batch.length, { bytes: body.bytes, ms });
  }
}

function limitsOf(batch: readonly { readonly limits: AttemptLimits }[]): BatchLimits {
  const [first, ...others] = batch;
  if (!first || others.length > 0)
    return { allowPartial: true, retryAttempts: 1, requestTimeoutMs: batchTimeoutMs };
  const { retryAttempts, requestTimeoutMs } = first.limits;
  return { retryAttempts, requestTimeoutMs };
}

/**
 * Whether the requests of a failed batch may succeed one by one. Not if a person must change
 * something, or the sync is stopping.
 */
function isWorthSplitting(error: unknown): boolean {
  if (error instanceof ConfigError || !(error instanceof Error)) return false;
  if (error instanceof TransientError) return !error.isOutage;
  return error.cause instanceof HttpError;
}
