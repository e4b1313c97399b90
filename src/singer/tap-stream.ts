import { ConfigError, isOperational, LockedError } from "../core/errors.ts";
import { readStream } from "../engine/read-stream.ts";
import { keyOf, type Key } from "../core/schema.ts";
import type { Batch, Rejected } from "../core/source.ts";
import { fromEpochMs } from "../core/timestamp.ts";
import type { SelectedStream } from "./catalog.ts";
import { MessageBuilder, UnwritableError } from "./message-builder.ts";
import type { TapOptions } from "./tap-options.ts";

/** So many rejected rows are told one by one. */
const maxWarnings = 20;

/** Writes the messages of one stream. */
export class TapStream {
  readonly #wanted: SelectedStream;
  readonly #options: TapOptions;
  readonly #writer: MessageBuilder;
  readonly #version: number;
  /** How many keys the source showed when it had shown the whole table. */
  #shown: number | undefined;
  #unusable: string | undefined;
  recordCount = 0;
  rejectedCount = 0;

  constructor(wanted: SelectedStream, options: TapOptions) {
    const { identity, startedAt } = options;
    this.#wanted = wanted;
    this.#options = options;
    this.#version = startedAt.getTime();
    const isWhole = wanted.stream.cursor === undefined;
    this.#writer = new MessageBuilder(wanted, {
      identity,
      ...(isWhole ? { version: this.#version } : {}),
    });
  }

  /** Writes all; the error where the stream could not be read. */
  async run(): Promise<Error | undefined> {
    const { output, signal } = this.#options;
    output.write(this.#writer.schema());
    try {
      await this.#read();
      this.#activate();
      return undefined;
    } catch (error) {
      if (signal.aborted || output.hasFailed || !failsStreamOnly(error)) throw error;
      return error;
    } finally {
      this.#summarize();
      await output.flush();
    }
  }

  async #read(): Promise<void> {
    const { state, output, startedAt, signal, log } = this.#options;
    const { stream, fullRefresh } = this.#wanted;
    const checkpoints = state.checkpoints(stream.name);
    for await (const group of readStream(stream, {
      checkpoints,
      fullRefresh,
      startedAt,
      signal,
      log,
    })) {
      let isMoved = false;
      for (const batch of group) {
        await this.#batch(batch);
        isMoved = state.saveCheckpoint(batch) || isMoved;
      }
      if (isMoved || this.#writer.hasPendingSweeps) output.write(this.#writer.state(state.text));
      await output.flush();
    }
  }

  async #batch({ rows, updates = [], deletes = [], sweep, ...batch }: Batch): Promise<void> {
    const { output } = this.#options;
    const { stream } = this.#wanted;
    const at = fromEpochMs(batch.readAt ?? Date.now()) ?? "";
    for (const row of rows) {
      this.#attempt(
        () => keyOf(stream, row),
        () => this.#writer.record(row, at),
      );
      if (output.shouldFlush) await output.flush();
    }
    for (const row of updates) {
      this.#attempt(
        () => keyOf(stream, row),
        () => [this.#writer.update(row, at)],
      );
    }
    for (const key of deletes) {
      this.#attempt(
        () => key,
        () => [this.#writer.deletion(key, at)],
      );
    }
    if (sweep) {
      const missing = this.#writer.addSweep(sweep);
      this.#unusable ??= missing;
      const { where, range, by } = sweep;
      if (!where && !range && !by) this.#shown = sweep.keys.length;
    }
    for (const entry of batch.rejected ?? []) this.#reject(entry);
  }

  #attempt(key: () => Key, make: () => readonly string[]): void {
    try {
      for (const line of make()) this.#options.output.write(line);
      this.recordCount += 1;
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error;
      const text = JSON.stringify(key().map((value) => (value == null ? null : String(value))));
      this.#reject({ key: text, reason: error.message });
    }
  }

  #reject({ key, reason }: Pick<Rejected, "key" | "reason">): void {
    this.rejectedCount += 1;
    if (this.rejectedCount <= maxWarnings)
      this.#options.log.warning(`${this.#wanted.stream.name}: ${key}: ${reason}; left out`);
  }

  /** Other targets learn from it that what this run did not show is gone; only where it has shown all, and every row could be written. */
  #activate(): void {
    if (this.#wanted.stream.cursor !== undefined || this.#shown === undefined) return;
    if (this.recordCount >= this.#shown && this.rejectedCount === 0)
      this.#options.output.write(this.#writer.activateVersion(this.#version));
  }

  #summarize(): void {
    const { name } = this.#wanted.stream;
    const { log } = this.#options;
    if (this.rejectedCount > maxWarnings)
      log.warning(`${name}: ${this.rejectedCount} rows in all were left out`);
    if (this.#unusable !== undefined)
      log.warning(
        `${name}: rows that are gone can only be told with the column "${this.#unusable}", which the catalog does not select; select it`,
      );
  }
}

/** Whether an error leaves the other streams readable. */
function failsStreamOnly(error: unknown): error is Error {
  return isOperational(error) && !(error instanceof ConfigError) && !(error instanceof LockedError);
}
