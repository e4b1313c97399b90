import { withCallerMessage } from "../core/caller-message.ts";
import { TransientError } from "../core/errors.ts";
import type { Batch, Rejected } from "../core/source.ts";
import { MeasuredCheckpoints } from "../engine/measured-checkpoints.ts";
import { readStream } from "../engine/read-stream.ts";
import type { CheckpointOutput } from "./checkpoint-output.ts";
import { KnownKeys } from "./known-keys.ts";
import type { RecordBuffer } from "./record-buffer.ts";
import type { SelectedTable } from "./selection.ts";
import type { ConnectionState } from "./state.ts";
import { TableResponses } from "./table-responses.ts";
import type { UpdateOptions } from "./update-options.ts";
import type { Warnings } from "./warnings.ts";

/** What `readTable` shares with the other tables of an `Update` call. */
interface ReadTableOptions extends Pick<
  UpdateOptions,
  "maxKeyCharacters" | "startedAt" | "signal" | "log"
> {
  readonly state: ConnectionState;
  readonly output: CheckpointOutput;
  readonly buffer: RecordBuffer;
  readonly warnings: Warnings;
}

/** Settled gaps that are logged individually. */
const maxLogged = 20;

/** Reads of a table from its start in one sync. */
const maxAttempts = 3;

/**
 * Reads one stream and yields its encoded responses. The table is truncated and read from the start
 * on the first sync, when columns were added to the selection, and when rows were deleted whose
 * keys are not known.
 *
 * @throws TransientError if such deletions keep happening
 */
export async function* readTable(
  selected: SelectedTable,
  options: ReadTableOptions,
): AsyncGenerator<Buffer, void> {
  const { stream, columns } = selected;
  const { state, output, log } = options;
  const before = state.get(stream.name)?.columns;
  if (before && columns.some((column) => !before.includes(column))) state.forget(stream.name);
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const isComplete = yield* new TableReader(selected, options).responses();
    if (isComplete) return;
    log.info(
      `${stream.name}: rows were deleted at the service whose keys are not known; reading the table again from the start`,
    );
    state.forget(stream.name);
    yield output.write();
  }
  throw withCallerMessage(
    new TransientError(
      `${stream.name}: rows kept being deleted while the table was read; run the sync again later`,
    ),
  );
}

/** One attempt to read a stream. */
class TableReader {
  readonly #selected: SelectedTable;
  readonly #options: ReadTableOptions;
  readonly #responses: TableResponses;
  readonly #knownKeys: KnownKeys;
  readonly #checkpoints: MeasuredCheckpoints;
  #hasStarted = false;
  #settledCount = 0;

  constructor(selected: SelectedTable, options: ReadTableOptions) {
    const { stream, columns } = selected;
    const { state, buffer, warnings } = options;
    this.#selected = selected;
    this.#options = options;
    this.#responses = new TableResponses({
      ...{ table: stream, columns, buffer },
      onRejected({ key, reason }) {
        warnings.add(stream.name, `${key}: ${reason}`);
      },
    });
    const before = state.get(stream.name);
    this.#knownKeys = new KnownKeys({
      table: stream,
      saved: before ? before.knownKeys.toJSON() : {},
      maxCharacters: options.maxKeyCharacters,
    });
    this.#checkpoints = new MeasuredCheckpoints(before?.checkpoints.copy());
  }

  /** Returns false if the table has to be read again from the start. */
  async *responses(): AsyncGenerator<Buffer, boolean> {
    const { buffer, warnings, ...options } = this.#options;
    const { stream } = this.#selected;
    // A copy: the stream must not see later checkpoints.
    const checkpoints = this.#checkpoints.copy();
    const groups = readStream(stream, { ...options, checkpoints, fullRefresh: false });
    for await (const group of groups) {
      yield* this.#start(group);
      for (const batch of group) {
        if (!(yield* this.#batch(batch))) return yield* this.#abandon();
      }
      yield* buffer.flush();
      yield* warnings.drain();
      yield* this.#save(group);
    }
    if (!this.#hasStarted) yield* this.#startEmpty();
    if (this.#settledCount > maxLogged)
      this.#options.log.info(`${stream.name}: ${this.#settledCount} settled gaps in total`);
    return true;
  }

  /** A stream without batches counts as read; on the first sync, its table is empty. */
  *#startEmpty(): Generator<Buffer> {
    yield* this.#start([]);
    yield* this.#options.buffer.flush();
    yield* this.#save([]);
  }

  *#abandon(): Generator<Buffer, false> {
    yield* this.#options.buffer.flush();
    return false;
  }

  /** Precedes the records of a group. A table is truncated only once it can be read. */
  *#start(group: readonly Batch[]): Generator<Buffer> {
    const { state } = this.#options;
    if (state.get(this.#selected.stream.name)) yield* this.#announce(group);
    else if (!this.#hasStarted) yield* this.#responses.truncate();
    this.#hasStarted = true;
  }

  /**
   * Saves the keys about to be sent, if the budget allows it, so that none is lost if the sync ends
   * before the checkpoint.
   */
  *#announce(group: readonly Batch[]): Generator<Buffer> {
    let isNew = false;
    for (const batch of group) if (this.#knownKeys.announce(batch)) isNew = true;
    if (isNew) yield* this.#save([]);
  }

  /** Returns false if a sweep may have deleted rows whose keys are not known. */
  *#batch(batch: Batch): Generator<Buffer, boolean> {
    const { updates = [], deletes = [], sweep, rejected = [] } = batch;
    yield* this.#responses.upserts(batch.rows);
    this.#knownKeys.add(batch.rows, batch.where);
    yield* this.#responses.updates(updates);
    yield* this.#responses.deletes(deletes);
    this.#knownKeys.remove(deletes);
    for (const entry of rejected) this.#reject(entry);
    const deleted = sweep ? this.#knownKeys.sweep(sweep) : [];
    if (!deleted) return false;
    yield* this.#responses.deletes(deleted);
    return true;
  }

  #reject({ key, reason, settled = false }: Rejected): void {
    const { warnings, log } = this.#options;
    const { name } = this.#selected.stream;
    const problem = `${key}: ${reason}`;
    if (!settled) warnings.add(name, problem);
    else if (++this.#settledCount <= maxLogged)
      log.info(`${name}: ${problem}; nothing more is expected`);
  }

  /** Saves the checkpoints of batches whose records were all sent. */
  *#save(group: readonly Batch[]): Generator<Buffer> {
    const { state, output } = this.#options;
    const { stream, columns } = this.#selected;
    for (const { partition = "", checkpoint } of group)
      if (checkpoint !== undefined) this.#checkpoints.set(partition, checkpoint);
    state.set(stream.name, { columns, checkpoints: this.#checkpoints, knownKeys: this.#knownKeys });
    yield* output.changed();
  }
}
