import { ConfigError, isOperational, TransientError } from "../../../core/errors.ts";
import type { ReadOptions, StreamBatch } from "../../../core/source.ts";
import { maxConsecutiveFailures } from "../../../engine/partitions.ts";
import { readAhead, type Reader } from "../../../engine/read-ahead.ts";
import { allProjects, type WandbConfig } from "../connection/config.ts";
import { deleteGoneProjects } from "./gone-projects.ts";
import type { ProjectScope } from "./project-scope.ts";
import type { WandbSession } from "./session.ts";

/** What a stream needs to read its projects. */
export interface ProjectsContext {
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly options: ReadOptions;
}

/** Projects that are read at the same time. They share one limit of requests. */
const maxParallelProjects = 8;

/** How much may wait for the writer. */
const maxBytes = 2 ** 20;

/**
 * Reads the configured projects at the same time. If one fails, the others are still read, and its
 * error is thrown at the end. Outages and several failures in a row end the stream at once.
 */
export async function* readProjects(
  context: ProjectsContext,
  read: (scope: ProjectScope) => AsyncIterable<StreamBatch>,
): AsyncGenerator<StreamBatch, void> {
  const { session, config, options } = context;
  const multiProject = config.projects.length > 0;
  const projects = await session.projects();
  if (!multiProject) {
    for (const project of projects) yield* read({ project, multiProject });
    return;
  }
  const failures = new ProjectFailures(options);
  const readers = projects.map((project): Reader<StreamBatch> => {
    return async function* (signal) {
      try {
        yield* read({ project, multiProject });
        failures.recordSuccess();
      } catch (error) {
        signal.throwIfAborted();
        failures.record(project, error);
      }
    };
  });
  const { signal } = options;
  yield* readAhead(readers, { concurrency: maxParallelProjects, maxBytes, signal });
  if (config.projects.includes(allProjects)) yield* deleteGoneProjects(projects, context);
  failures.throwFirst();
}

/** Failures of single projects. */
class ProjectFailures {
  readonly #log: ReadOptions["log"];
  readonly #errors: Error[] = [];
  #inARow = 0;

  constructor({ log }: Pick<ReadOptions, "log">) {
    this.#log = log;
  }

  recordSuccess(): void {
    this.#inARow = 0;
  }

  /** Throws the error instead if it concerns the other projects, too. */
  record(project: string, error: unknown): void {
    if (!concernsOneProject(error)) throw error;
    if (!(error instanceof ConfigError)) this.#inARow += 1;
    if (this.#inARow === maxConsecutiveFailures) throw error;
    this.#errors.push(error);
    this.#log.warning(`project "${project}": ${error.message}; continuing with the others`);
  }

  /** Throws the first failure, rather one that a person must mend. */
  throwFirst(): void {
    const first = this.#errors.find((error) => error instanceof ConfigError) ?? this.#errors[0];
    if (first) throw first;
  }
}

/** Whether an error says nothing about the other projects. */
function concernsOneProject(error: unknown): error is Error {
  if (!isOperational(error)) return false;
  if (error instanceof ConfigError) return error.isPartial;
  return !(error instanceof TransientError && error.isOutage);
}
