import { z } from "zod";
import { ConfigError, TransientError } from "../../../core/errors.ts";
import { HttpError } from "../../../http/http-error.ts";
import type { GraphqlClient, GraphqlError, Select } from "../../../http/graphql.ts";
import { BatchSize } from "./batch-size.ts";
import { requireProject, type ProjectPath } from "./run-pages.ts";

/** A window of one run's history. */
export interface HistoryRequest {
  readonly run: string;
  /** The first step. */
  readonly from: number;
  /** The first step that is not asked for. */
  readonly below: number;
  /** Where there are as many lines as this in the window, the answer may be a sample of them. */
  readonly samples: number;
  /** Not together with others: it has failed before. */
  readonly isolated: boolean;
}

/** A run, and the lines of its history that were asked for. */
export type RunHistory = z.output<typeof runShape>;

const runShape = z.object({
  state: z.string().nullish(),
  heartbeatAt: z.string().nullish(),
  historyLineCount: z.int().nullish(),
  historyKeys: z.object({ lastStep: z.number().nullish() }).nullish(),
  history: z.array(z.string()).nullish(),
});

const answerShape = z.object({
  viewer: z.unknown().optional(),
  project: z.record(z.string(), runShape.nullish()).nullish(),
});

interface PendingRequest {
  readonly request: HistoryRequest;
  readonly resolve: (answer: RunHistory | null) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchOptions extends ProjectPath {
  /** How many requests may be under way at the same time. */
  readonly concurrency: number;
  readonly retryAttempts: number;
}

/** How long asks wait for others to go along with them. */
const batchDelayMs = 20;

/**
 * Asks for the histories of several runs in one request, by aliases: more of them while that goes well. An ask that fails together with
 * others is made again on its own, so that one poisoned run spoils nothing.
 */
export class HistoryBatches {
  readonly #graphql: GraphqlClient;
  readonly #options: BatchOptions;
  readonly #size = new BatchSize();
  readonly #alone: PendingRequest[] = [];
  readonly #together: PendingRequest[] = [];
  #inFlight = 0;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(graphql: GraphqlClient, options: BatchOptions) {
    this.#graphql = graphql;
    this.#options = options;
  }

  /** The lines in a window; null where there is no such run. */
  request(ask: HistoryRequest): Promise<RunHistory | null> {
    return new Promise((settle, fail) => {
      this.#enqueue({ request: ask, resolve: settle, reject: fail });
      // What is asked for in the same turn goes along.
      setImmediate(() => {
        this.#pump();
      });
    });
  }

  #enqueue(waiting: PendingRequest): void {
    (waiting.request.isolated ? this.#alone : this.#together).push(waiting);
  }

  #pump(): void {
    while (this.#inFlight < this.#options.concurrency) {
      const batch = this.#next();
      if (batch.length === 0) return;
      void this.#send(batch);
    }
  }

  #next(): readonly PendingRequest[] {
    if (this.#alone.length > 0) return this.#alone.splice(0, 1);
    const { current } = this.#size;
    const isFull = this.#together.length >= current;
    if (isFull || this.#isDue || this.#inFlight === 0) {
      this.#isDue = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return this.#together.splice(0, current);
    }
    if (this.#together.length > 0) this.#wait();
    return [];
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => {
      this.#isDue = true;
      this.#timer = undefined;
      this.#pump();
    }, batchDelayMs);
  }

  async #send(batch: readonly PendingRequest[]): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#ask(batch);
    } catch (error) {
      if (batch.length === 1 || !isWorthSplitting(error))
        for (const { reject } of batch) reject(error);
      else {
        this.#size.recordFailure(batch.length);
        for (const waiting of batch) this.#again(waiting);
      }
    } finally {
      this.#inFlight -= 1;
      this.#pump();
    }
  }

  #again(waiting: PendingRequest): void {
    this.#enqueue({ ...waiting, request: { ...waiting.request, isolated: true } });
  }

  async #ask(batch: readonly PendingRequest[]): Promise<void> {
    const { retryAttempts } = this.#options;
    const startedAt = performance.now();
    const { data, errors, body } = await this.#graphql.request({
      query: (select) => batchQuery(batch.length, select),
      variables: { ...batchVariables(batch), ...pathOf(this.#options) },
      shape: answerShape,
      allowPartial: batch.length > 1,
      retryAttempts: batch.length > 1 ? Math.min(1, retryAttempts) : retryAttempts,
    });
    const project = requireProject(data, this.#options);
    const failed = new Set(errors.map(aliasOf));
    for (const [index, waiting] of batch.entries()) {
      if (failed.has(`r${index}`)) this.#again(waiting);
      else waiting.resolve(project[`r${index}`] ?? null);
    }
    this.#size.recordSuccess(batch.length, {
      bytes: body.bytes,
      ms: performance.now() - startedAt,
    });
  }
}

function pathOf({ entity, project }: ProjectPath): ProjectPath {
  return { entity, project };
}

/** Whether the requests of a batch might succeed one by one: not where a person has to change something, or everything stops. */
function isWorthSplitting(error: unknown): boolean {
  if (error instanceof ConfigError || !(error instanceof Error)) return false;
  return error instanceof TransientError || error.cause instanceof HttpError;
}

function aliasOf({ path = [] }: GraphqlError): string {
  return String(path[1]);
}

/** The same text for every batch of a size, so that the service can keep what it made of it. */
function batchQuery(size: number, select: Select): string {
  const indexes = Array.from({ length: size }, (_, index) => index);
  const parameters = indexes.map(
    (i) => `$n${i}: String!, $f${i}: Int64, $b${i}: Int64, $s${i}: Int`,
  );
  const fields = select("Run", ["state", "heartbeatAt", "historyLineCount", "historyKeys"]);
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
    [`f${index}`, from] as const,
    [`b${index}`, below] as const,
    [`s${index}`, samples] as const,
  ]);
  return Object.fromEntries<string | number>(entries);
}
