import { maxConsecutiveFailures } from "../../../engine/partitions.ts";
import { ConfigError, isOperational, TransientError } from "../../../core/errors.ts";
import type { ReadOptions, StreamBatch } from "../../../core/source.ts";

/**
 * Reads projects, one after the other. One that fails does not hold up the others: its error is thrown when they have been read. What a
 * person has to change, and a service that is not there, end it at once.
 */
export async function* readProjects(
  projects: readonly string[],
  read: (project: string) => AsyncIterable<StreamBatch>,
  { signal, log }: Pick<ReadOptions, "signal" | "log">,
): AsyncGenerator<StreamBatch, void> {
  let first: Error | undefined;
  let inARow = 0;
  for (const project of projects) {
    try {
      yield* read(project);
      inARow = 0;
    } catch (error) {
      signal.throwIfAborted();
      inARow += 1;
      if (!concernsOneProject(error) || inARow === maxConsecutiveFailures) throw error;
      first ??= error;
      if (projects.length > 1)
        log.warning(`project "${project}": ${error.message}; the others go on`);
    }
  }
  if (first) throw first;
}

/** Whether an error says nothing of other projects. */
function concernsOneProject(error: unknown): error is Error {
  if (!isOperational(error) || error instanceof ConfigError) return false;
  return !(error instanceof TransientError && error.isOutage);
}
