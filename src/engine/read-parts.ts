import { ConfigError, isOperational, TransientError } from "../core/errors.ts";
import type { ReadOptions, StreamBatch } from "../core/source.ts";
import { MassDeletionError } from "./mass-deletion.ts";
import { maxConsecutiveFailures } from "./partitions.ts";
import { readAhead, type Reader } from "./read-ahead.ts";

/** A part of a stream that is read on its own, such as a project. */
interface Part {
  /** For messages: `project "vision"`. */
  readonly label: string;
  read(): AsyncIterable<StreamBatch>;
}

/** Parts that are read at the same time. They share one limit of requests. */
const maxParallelParts = 8;

/** How much may wait for the writer. */
const maxBytes = 2 ** 20;

/**
 * Reads the parts of a stream at the same time. If one fails, the others are still read; at the end
 * the first error is thrown, rather one that a person must mend. Outages and several failures in a
 * row end the stream at once.
 */
export async function* readParts(
  parts: readonly Part[],
  { signal, log }: Pick<ReadOptions, "signal" | "log">,
): AsyncGenerator<StreamBatch, void> {
  const errors: Error[] = [];
  let failuresInARow = 0;
  const readers = parts.map((part): Reader<StreamBatch> => {
    return async function* (until) {
      until.throwIfAborted();
      try {
        for await (const batch of part.read()) {
          until.throwIfAborted();
          yield batch;
        }
        failuresInARow = 0;
      } catch (error) {
        until.throwIfAborted();
        if (!concernsOnePart(error)) throw error;
        if (saysSomethingOfService(error)) failuresInARow += 1;
        if (failuresInARow === maxConsecutiveFailures) throw error;
        errors.push(error);
        if (parts.length > 1) log.warning(`${labelled(part, error)}; continuing with the others`);
      }
    };
  });
  yield* readAhead(readers, { concurrency: maxParallelParts, maxBytes, signal });
  const first = errors.find((error) => error instanceof ConfigError) ?? errors[0];
  if (first) throw first;
}

function labelled({ label }: Part, { message }: Error): string {
  return message.startsWith(label) ? message : `${label}: ${message}`;
}

/** Not if something is wrong with the part itself. */
function saysSomethingOfService(error: Error): boolean {
  return !(error instanceof ConfigError || error instanceof MassDeletionError);
}

/** Whether an error says nothing about the other parts. */
function concernsOnePart(error: unknown): error is Error {
  if (!isOperational(error)) return false;
  if (error instanceof ConfigError) return error.isPartial;
  return !(error instanceof TransientError && error.isOutage);
}
