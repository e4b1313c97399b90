import { ConfigError, isOperational, TransientError } from "../../../core/errors.ts";
import type { ReadOptions, StreamBatch } from "../../../core/source.ts";
import { maxConsecutiveFailures } from "../../../engine/partitions.ts";

/**
 * Reads projects one after another. If one fails, the others are still read, and its error is
 * thrown at the end. Configuration errors, outages and several failures in a row end the stream at
 * once.
 */
export async function* readProjects(
  projects: readonly string[],
  read: (project: string) => AsyncIterable<StreamBatch>,
  { signal, log }: Pick<ReadOptions, "signal" | "log">,
): AsyncGenerator<StreamBatch, void> {
  let firstError: Error | undefined;
  let consecutiveFailures = 0;
  for (const project of projects) {
    try {
      yield* read(project);
      consecutiveFailures = 0;
    } catch (error) {
      signal.throwIfAborted();
      consecutiveFailures += 1;
      if (!concernsOneProject(error) || consecutiveFailures === maxConsecutiveFailures) throw error;
      firstError ??= error;
      if (projects.length > 1)
        log.warning(`project "${project}": ${error.message}; continuing with the others`);
    }
  }
  if (firstError) throw firstError;
}

/** Whether an error says nothing about the other projects. */
function concernsOneProject(error: unknown): error is Error {
  if (!isOperational(error) || error instanceof ConfigError) return false;
  return !(error instanceof TransientError && error.isOutage);
}
