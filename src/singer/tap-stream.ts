import { ConfigError, isOperational, LockedError } from "../core/errors.ts";
import { type Key, keyOf, plainText } from "../core/schema.ts";
import type { Batch, Rejected } from "../core/source.ts";
import { fromEpochMs } from "../core/timestamp.ts";
import { readStream } from "../engine/read-stream.ts";
import type { SelectedStream } from "./catalog.ts";
import { ListedCount } from "./listed-count.ts";
import { MessageBuilder, UnwritableError } from "./message-builder.ts";
import type { PendingSweeps } from "./pending-sweeps.ts";
import type { StateOutput } from "./state-output.ts";
import type { TapOptions } from "./tap-options.ts";

/** Rejected rows, and settled gaps, that are logged individually. */
const maxLogged = 20;

/** What the streams of a run share. */
interface TapStreamOptions extends TapOptions {
  readonly states: StateOutput;
  readonly sweeps: PendingSweeps;
}

/** Reads one stream and writes its messages. */
export class TapStream {
  readonly #selected: SelectedStream;
  readonly #options: TapStreamOptions;
  readonly #messages: MessageBuilder;
  readonly #version: number;
  readonly #listed = new ListedCount();
  /** A column that a sweep needs and the catalog does not select. */
  #missingColumn: string | undefined;
  #settledCount = 0;
  /** Records written so far. */
  recordCount = 0;
  /** Rows that could not be understood or written; without settled ones. */
  rejectedCount = 0;

  constructor(selected: SelectedStream, options: TapStreamOptions) {
    const { identity, startedAt, sweeps } = options;
    this.#selected = selected;
    this.#options = options;
    this.#version = startedAt.getTime();
    const readsWholeTable = selected.stream.cursor === undefined;
    this.#messages = new MessageBuilder(selected, {
      identity,
      sweeps,
      ...(readsWholeTable ? { version: this.#version } : {}),
    });
  }

  /**
   * Writes all messages of the stream. Returns the error if it could not be read completely; throws
   * errors that concern the other streams too.
   */
  async run(): Promise<Error | undefined> {
    const { output, signal } = this.#options;
    output.write(this.#messages.schema());
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
    const { state, states, output, startedAt, allowMassDeletion = false } = this.#options;
    const { signal, log } = this.#options;
    const { stream, fullRefresh } = this.#selected;
    const checkpoints = state.checkpoints(stream.name);
    const options = { checkpoints, fullRefresh, startedAt, allowMassDeletion, signal, log };
    for await (const group of readStream(stream, options)) {
      for (const batch of group) {
        await this.#writeBatch(batch);
        states.save(batch);
      }
      states.writeIfAllowed();
      await output.flush();
    }
  }

  async #writeBatch({ rows, updates = [], deletes = [], sweep, ...batch }: Batch): Promise<void> {
    const { output } = this.#options;
    const { stream } = this.#selected;
    const at = fromEpochMs(batch.readAt ?? Date.now()) ?? "";
    for (const row of rows) {
      this.#tryWrite(
        () => keyOf(stream, row),
        () => this.#messages.record(row, at),
      );
      if (output.shouldFlush) await output.flush();
    }
    for (const row of updates) {
      this.#tryWrite(
        () => keyOf(stream, row),
        () => [this.#messages.update(row, at)],
      );
    }
    for (const key of deletes) {
      this.#tryWrite(
        () => key,
        () => [this.#messages.deletion(key, at)],
      );
    }
    if (sweep) {
      const missing = this.#messages.addSweep(sweep);
      this.#missingColumn ??= missing;
      this.#listed.add(sweep);
    }
    for (const entry of batch.rejected ?? []) this.#reject(entry);
  }

  #tryWrite(key: () => Key, build: () => readonly string[]): void {
    try {
      for (const line of build()) this.#write(line);
      this.recordCount += 1;
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error;
      const values = key().map((value) => (value == null ? null : plainText(value)));
      const text = JSON.stringify(values);
      this.#reject({ key: text, reason: error.message });
    }
  }

  #write(line: string): void {
    this.#options.output.write(line);
    this.#options.states.addRecord(line);
  }

  #reject({ key, reason, settled = false }: Omit<Rejected, "payload">): void {
    const { log } = this.#options;
    const text = `${this.#selected.stream.name}: ${key}: ${reason}`;
    if (settled) {
      this.#settledCount += 1;
      if (this.#settledCount <= maxLogged) log.info(`${text}; nothing more is expected`);
      return;
    }
    this.rejectedCount += 1;
    if (this.rejectedCount <= maxLogged) log.warning(`${text}; skipped`);
  }

  /**
   * Lets other targets delete what this run did not list. Only after a complete listing of which
   * every row was written.
   */
  #activate(): void {
    const { count } = this.#listed;
    if (this.#selected.stream.cursor !== undefined || count === undefined) return;
    if (this.recordCount >= count && this.rejectedCount === 0)
      this.#options.output.write(this.#messages.activateVersion(this.#version));
  }

  #summarize(): void {
    const { name } = this.#selected.stream;
    const { log } = this.#options;
    if (this.#settledCount > maxLogged)
      log.info(`${name}: ${this.#settledCount} settled gaps in total`);
    if (this.rejectedCount > maxLogged)
      log.warning(`${name}: ${this.rejectedCount} rows skipped in total`);
    if (this.#missingColumn !== undefined)
      log.warning(
        `${name}: deleted rows cannot be detected without the column "${this.#missingColumn}"; select it in the catalog`,
      );
  }
}

/** Whether the other streams can still be read after this error. */
function failsStreamOnly(error: unknown): error is Error {
  return isOperational(error) && !(error instanceof ConfigError) && !(error instanceof LockedError);
}
