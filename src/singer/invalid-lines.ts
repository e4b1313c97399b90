import { createHash } from "node:crypto";
import { ConfigError, SourceError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Rejected } from "../core/source.ts";

/** After this many lines without a message, the input is not from a tap. */
const maxLeading = 100;

/** Lines that are logged individually. */
const maxWarnings = 20;

/** A BATCH, cut or garbled: taps write the type first. */
const startOfBatch = /^\s*\{\s*"type"\s*:\s*"BATCH"/;

/** Counts and reports the lines of an input that are no messages. */
export class InvalidLines {
  readonly #log: Log;
  #count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * The entry for quarantine of an invalid line. `isLeading`: no message has come before it.
   *
   * @throws ConfigError if the input is not from a tap
   * @throws SourceError if it is a BATCH, whose records quarantine could not keep
   */
  reject(payload: string, reason: string, isLeading: boolean): Rejected {
    this.#count += 1;
    if (startOfBatch.test(payload)) throw unreadableBatch(reason);
    if (isLeading && this.#count >= maxLeading)
      throw new ConfigError(
        `standard input: ${reason}; none of the first ${maxLeading} lines is a Singer message; pipe the output of a tap into this program`,
      );
    if (this.#count <= maxWarnings) this.#log.warning(`${reason}; in quarantine`);
    const hash = createHash("sha256").update(payload).digest("hex").slice(0, 16);
    return { key: `line ${hash}`, payload, reason };
  }

  /** Says how many there were, if not each was logged. */
  summarize(): void {
    if (this.#count > maxWarnings)
      this.#log.warning(`${this.#count} invalid lines in total; all are in quarantine`);
  }
}

/** Ends the run before a STATE that vouches for the records of the BATCH. */
export function unreadableBatch(reason: string, cause?: unknown): SourceError {
  return new SourceError(`${reason}; its records would be lost: fix the tap and run it again`, {
    cause,
  });
}
