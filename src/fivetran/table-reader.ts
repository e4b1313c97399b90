import { TransientError } from "../core/errors.ts";
import { readStream } from "../engine/read-stream.ts";
import type { Batch, Checkpoint } from "../core/source.ts";
import { KnownKeys } from "./known-keys.ts";
import type { RecordBuffer } from "./record-buffer.ts";
import type { SelectedTable } from "./selection.ts";
import { copyCheckpoints, applyCheckpoint, type ConnectionState } from "./state.ts";
import { TableResponses } from "./table-responses.ts";
import type { UpdateOptions } from "./update-options.ts";
import type { Warnings } from "./warnings.ts";
import { textResponse } from "./wire.ts";

export interface ReadTableOptions extends Pick<
  UpdateOptions,
  "maxKeyCharacters" | "startedAt" | "signal" | "log"
> {
  readonly state: ConnectionState;
  readonly buffer: RecordBuffer;
  readonly warnings: Warnings;
}

/** How often a stream is begun in one sync. */
const maxAttempts = 3;

/**
 * The answers for one stream. One that the state does not know is truncated and read from the start: on the first sync, when columns were added to
 * the selection, and when something is gone whose key nobody knows.
 */
export async function* readTable(
  selected: SelectedTable,
  options: ReadTableOptions,
): AsyncGenerator<Buffer, void> {
  const { stream, columns } = selected;
  const { state, log } = options;
  const before = state.get(stream.name)?.columns;
  if (before && columns.some((column) => !before.includes(column))) state.forget(stream.name);
  for (let readings = 1; readings <= maxAttempts; readings += 1) {
    const isWhole = yield* new TableReader(selected, options).responses();
    if (isWhole) return;
    log.info(
      `${stream.name}: something is gone at the service, and its key is not known here; reading the table again from the start`,
    );
    state.forget(stream.name);
    yield textResponse("checkpoint", state.format());
  }
  throw new TransientError(
    `${stream.name}: rows kept vanishing while it was read; run the sync again when it rests`,
  );
}

/** One attempt to read a stream. */
class TableReader {
  readonly #selected: SelectedTable;
  readonly #options: ReadTableOptions;
  readonly #answers: TableResponses;
  readonly #holdings: KnownKeys;
  readonly #checkpoints: Map<string, Checkpoint>;
  #hasBegun = false;

  constructor(selected: SelectedTable, options: ReadTableOptions) {
    const { stream, columns } = selected;
    const { state, buffer, warnings } = options;
    this.#selected = selected;
    this.#options = options;
    this.#answers = new TableResponses({
      ...{ table: stream, columns, buffer },
      onRejected({ key, reason }) {
        warnings.add(`${stream.name}: ${key}: ${reason}`);
      },
    });
    const before = state.get(stream.name);
    this.#holdings = new KnownKeys({
      table: stream,
      saved: before ? before.knownKeys.toJSON() : {},
      maxCharacters: options.maxKeyCharacters,
    });
    this.#checkpoints = new Map(before?.checkpoints);
  }

  /** Returns false where the stream has to be read again from its start. */
  async *responses(): AsyncGenerator<Buffer, boolean> {
    const { buffer, ...reading } = this.#options;
    const { stream } = this.#selected;
    const checkpoints = copyCheckpoints(this.#checkpoints);
    const groups = readStream(stream, { ...reading, checkpoints, fullRefresh: false });
    for await (const group of groups) {
      yield* this.#begin(group);
      for (const part of group) {
        if (!(yield* this.#part(part))) return yield* this.#again();
      }
      yield* buffer.flush();
      yield* reading.warnings.drain();
      yield this.#checkpoint();
    }
    if (!this.#hasBegun) yield* this.#nothing();
    return true;
  }

  /** A stream that had nothing to say is read all the same: the first time, its table is empty. */
  *#nothing(): Generator<Buffer> {
    yield* this.#begin([]);
    yield* this.#options.buffer.flush();
    yield this.#checkpoint();
  }

  *#again(): Generator<Buffer, false> {
    yield* this.#options.buffer.flush();
    return false;
  }

  /** What comes before the records of a group. A table is truncated once it is certain that it can be read. */
  *#begin(group: readonly Batch[]): Generator<Buffer> {
    const { state } = this.#options;
    if (state.get(this.#selected.stream.name)) yield* this.#announcement(group);
    else if (!this.#hasBegun) yield* this.#answers.truncate();
    this.#hasBegun = true;
  }

  /** Says which rows may be there from now on, so that none is forgotten if the sync is cut off before their checkpoint. */
  *#announcement(group: readonly Batch[]): Generator<Buffer> {
    let isNew = false;
    for (const part of group) if (this.#holdings.announce(part)) isNew = true;
    if (isNew) yield this.#checkpoint();
  }

  /** Returns false where a sweep shows that something is gone whose key is not known. */
  *#part(part: Batch): Generator<Buffer, boolean> {
    const { updates = [], deletes = [], sweep, rejected = [] } = part;
    const { warnings } = this.#options;
    const { name } = this.#selected.stream;
    yield* this.#answers.upserts(part.rows);
    this.#holdings.add(part.rows, part.where);
    yield* this.#answers.updates(updates);
    yield* this.#answers.deletes(deletes);
    this.#holdings.remove(deletes);
    for (const { key, reason } of rejected) warnings.add(`${name}: ${key}: ${reason}`);
    const gone = sweep ? this.#holdings.sweep(sweep) : [];
    if (!gone) return false;
    yield* this.#answers.deletes(gone);
    if (part.checkpoint !== undefined)
      applyCheckpoint(this.#checkpoints, part.partition ?? "", part.checkpoint);
    return true;
  }

  #checkpoint(): Buffer {
    const { state } = this.#options;
    const { stream, columns } = this.#selected;
    state.set(stream.name, { columns, checkpoints: this.#checkpoints, knownKeys: this.#holdings });
    return textResponse("checkpoint", state.format());
  }
}
