import { z } from "zod";
import { ConfigError, TransientError } from "../../../core/errors.ts";
import { HttpFailure } from "../../../http/http-error.ts";
import type { Graphql, GraphqlError, Select } from "../../../http/graphql.ts";
import { BatchSize } from "./batch-size.ts";
import { known, type ProjectPlace } from "./run-pages.ts";

/** A window of one run's history. */
export interface HistoryAsk {
  readonly run: string;
  /** The first step. */
  readonly from: number;
  /** The first step that is not asked for. */
  readonly below: number;
  /** Where there are as many lines as this in the window, the answer may be a sample of them. */
  readonly samples: number;
  /** Not together with others: it has failed before. */
  readonly alone: boolean;
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

interface Waiting {
  readonly ask: HistoryAsk;
  readonly settle: (answer: RunHistory | null) => void;
  readonly fail: (error: unknown) => void;
}

export interface BatchOptions extends ProjectPlace {
  /** How many requests may be under way at the same time. */
  readonly concurrency: number;
  readonly retryAttempts: number;
}

/** How long asks wait for others to go along with them. */
const patienceMs = 20;

/**
 * Asks for the histories of several runs in one request, by aliases: more of them while that goes well. An ask that fails together with
 * others is made again on its own, so that one poisoned run spoils nothing.
 */
export class HistoryBatches {
  readonly #graphql: Graphql;
  readonly #options: BatchOptions;
  readonly #size = new BatchSize();
  readonly #alone: Waiting[] = [];
  readonly #together: Waiting[] = [];
  #inFlight = 0;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(graphql: Graphql, options: BatchOptions) {
    this.#graphql = graphql;
    this.#options = options;
  }

  /** The lines in a window; null where there is no such run. */
  ask(ask: HistoryAsk): Promise<RunHistory | null> {
    return new Promise((settle, fail) => {
      this.#enqueue({ ask, settle, fail });
      // What is asked for in the same turn goes along.
      setImmediate(() => {
        this.#pump();
      });
    });
  }

  #enqueue(waiting: Waiting): void {
    (waiting.ask.alone ? this.#alone : this.#together).push(waiting);
  }

  #pump(): void {
    while (this.#inFlight < this.#options.concurrency) {
      const batch = this.#next();
      if (batch.length === 0) return;
      void this.#send(batch);
    }
  }

  #next(): readonly Waiting[] {
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
    }, patienceMs);
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#ask(batch);
    } catch (error) {
      if (batch.length === 1 || !isSharedFault(error)) for (const { fail } of batch) fail(error);
      else {
        this.#size.failed(batch.length);
        for (const waiting of batch) this.#again(waiting);
      }
    } finally {
      this.#inFlight -= 1;
      this.#pump();
    }
  }

  #again(waiting: Waiting): void {
    this.#enqueue({ ...waiting, ask: { ...waiting.ask, alone: true } });
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    const { retryAttempts } = this.#options;
    const startedAt = performance.now();
    const { data, errors, body } = await this.#graphql.ask({
      query: (select) => batchQuery(batch.length, select),
      variables: { ...variablesOf(batch), ...placeOf(this.#options) },
      shape: answerShape,
      partial: batch.length > 1,
      retryAttempts: batch.length > 1 ? Math.min(1, retryAttempts) : retryAttempts,
    });
    const project = known(data, this.#options);
    const failed = new Set(errors.map(aliasOf));
    for (const [index, waiting] of batch.entries()) {
      if (failed.has(`r${index}`)) this.#again(waiting);
      else waiting.settle(project[`r${index}`] ?? null);
    }
    this.#size.succeeded(batch.length, { bytes: body.bytes, ms: performance.now() - startedAt });
  }
}

function placeOf({ entity, project }: ProjectPlace): ProjectPlace {
  return { entity, project };
}

/** Whether the requests of a batch might succeed one by one: not where a person has to change something, or everything stops. */
function isSharedFault(error: unknown): boolean {
  if (error instanceof ConfigError || !(error instanceof Error)) return false;
  return error instanceof TransientError || error.cause instanceof HttpFailure;
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

function variablesOf(batch: readonly Waiting[]): Readonly<Record<string, string | number>> {
  const entries = batch.flatMap(({ ask: { run, from, below, samples } }, index) => [
    [`n${index}`, run] as const,
    [`f${index}`, from] as const,
    [`b${index}`, below] as const,
    [`s${index}`, samples] as const,
  ]);
  return Object.fromEntries<string | number>(entries);
}
