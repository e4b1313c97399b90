import { z } from "zod";
import { ConfigError, TransientError } from "../../../core/errors.ts";
import type { GraphqlClient, GraphqlError, Select } from "../../../http/graphql.ts";
import { HttpError } from "../../../http/http-error.ts";
import { formatStep, toLastStep } from "../reader/line-step.ts";
import type { AttemptLimits } from "./attempt-limits.ts";
import { BatchSize } from "./batch-size.ts";
import { requireProject, type ProjectPath } from "./project-path.ts";

/** A request for a window of one run's history. */
interface HistoryRequest extends AttemptLimits {
  readonly run: string;
  /** The first step, inclusive. */
  readonly from: bigint;
  /** The end of the window, exclusive. */
  readonly below: bigint;
  /** The maximum number of lines; a response of that many may be a sample. */
  readonly samples: number;
}

/** A run, and the requested lines of its history. */
export interface RunHistory extends z.output<typeof runShape> {
  /** The service's clock at the response, in milliseconds since 1970. */
  readonly date: number | undefined;
}

const runShape = z.object({
  historyLineCount: z.int().nullish(),
  historyKeys: z
    .object({ lastStep: z.unknown().optional() })
    .transform((keys) => ({ lastStep: toLastStep(keys.lastStep) }))
    .nullish(),
  history: z.array(z.string()).nullish(),
});

const dataShape = z.object({
  viewer: z.unknown().optional(),
  project: z.record(z.string(), runShape.nullish()).nullish(),
});

interface PendingRequest {
  readonly request: HistoryRequest;
  readonly resolve: (history: RunHistory | null) => void;
  readonly reject: (error: unknown) => void;
}

interface BatchOptions extends ProjectPath {
  /** Maximum requests in flight. */
  readonly concurrency: number;
  readonly retryAttempts: number;
}

/** How long a request waits for others to join its batch. */
const batchDelayMs = 20;

/** A batch that takes longer has a run that would better be read alone. */
const batchTimeoutMs = 20_000;

/**
 * Combines requests for the histories of several runs into one, using aliases; into more as long as
 * that succeeds. A request that fails in a batch is retried on its own, so that one bad run does
 * not affect others.
 */
export class HistoryBatches {
  readonly #graphql: GraphqlClient;
  readonly #options: BatchOptions;
  readonly #size = new BatchSize();
  readonly #isolated: PendingRequest[] = [];
  readonly #shared: PendingRequest[] = [];
  #inFlight = 0;
  #isDelayOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(graphql: GraphqlClient, options: BatchOptions) {
    this.#graphql = graphql;
    this.#options = options;
  }

  /** Retries of a request for a window of normal size. */
  get retryAttempts(): number {
    return this.#options.retryAttempts;
  }

  /** The lines in a window; null if the run does not exist. */
  request(request: HistoryRequest): Promise<RunHistory | null> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ request, resolve, reject });
      // Requests made in the same tick join the batch.
      setImmediate(() => {
        this.#sendReady();
      });
    });
  }

  #enqueue(pending: PendingRequest): void {
    (pending.request.isolated ? this.#isolated : this.#shared).push(pending);
  }

  #sendReady(): void {
    while (this.#inFlight < this.#options.concurrency) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      void this.#send(batch);
    }
  }

  #nextBatch(): readonly PendingRequest[] {
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

  async #send(batch: readonly PendingRequest[]): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#requestBatch(batch);
    } catch (error) {
      if (batch.length === 1 || !isWorthSplitting(error))
        for (const { reject } of batch) reject(error);
      else {
        this.#size.recordFailure(batch.length);
        for (const pending of batch) this.#retryIsolated(pending);
      }
    } finally {
      this.#inFlight -= 1;
      this.#sendReady();
    }
  }

  #retryIsolated(pending: PendingRequest): void {
    this.#enqueue({ ...pending, request: { ...pending.request, isolated: true } });
  }

  #limits(batch: readonly PendingRequest[]): Omit<AttemptLimits, "isolated"> {
    const [first, ...others] = batch;
    if (first && others.length === 0) {
      const { retryAttempts, requestTimeoutMs } = first.request;
      return { retryAttempts, requestTimeoutMs };
    }
    const retryAttempts = Math.min(1, this.#options.retryAttempts);
    return { retryAttempts, requestTimeoutMs: batchTimeoutMs };
  }

  async #requestBatch(batch: readonly PendingRequest[]): Promise<void> {
    const startedAt = performance.now();
    const { data, errors, body, date } = await this.#graphql.request({
      query: (select) => batchQuery(batch.length, select),
      variables: { ...batchVariables(batch), ...pathOf(this.#options) },
      shape: dataShape,
      allowPartial: batch.length > 1,
      ...this.#limits(batch),
    });
    const project = requireProject(data, this.#options);
    const failed = new Set(errors.map(aliasOf));
    for (const [index, pending] of batch.entries()) {
      if (failed.has(`r${index}`)) this.#retryIsolated(pending);
      else pending.resolve(withDate(project[`r${index}`], date));
    }
    this.#size.recordSuccess(batch.length, {
      bytes: body.bytes,
      ms: performance.now() - startedAt,
    });
  }
}

function withDate(
  run: z.output<typeof runShape> | null | undefined,
  date: number | undefined,
): RunHistory | null {
  return run ? { ...run, date } : null;
}

function pathOf({ entity, project }: ProjectPath): ProjectPath {
  return { entity, project };
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

function aliasOf({ path = [] }: GraphqlError): string {
  return String(path[1]);
}

/** The same text for every batch of a size, so that the service can cache the parsed query. */
function batchQuery(size: number, select: Select): string {
  const indexes = Array.from({ length: size }, (_, index) => index);
  const parameters = indexes.map(
    (i) => `$n${i}: String!, $f${i}: Int64, $b${i}: Int64, $s${i}: Int`,
  );
  const fields = select("Run", ["historyLineCount", "historyKeys"]);
  const runs = indexes.map(
    (i) =>
      `    r${i}: run(name: $n${i}) { ${fields} history(minStep: $f${i}, maxStep: $b${i}, samples: $s${i}) }`,
  );
  return `query History($entity: String!, $project: String!, ${parameters.join(", ")}) {
  viewer { id }
  project(name: $project, entityName: $entity) {
${runs.join("\n")}
  }
}`;
}

function batchVariables(
  batch: readonly PendingRequest[],
): Readonly<Record<string, string | number>> {
  const entries = batch.flatMap(({ request: { run, from, below, samples } }, index) => [
    [`n${index}`, run] as const,
    [`f${index}`, formatStep(from)] as const,
    [`b${index}`, formatStep(below)] as const,
    [`s${index}`, samples] as const,
  ]);
  return Object.fromEntries<string | number>(entries);
}
