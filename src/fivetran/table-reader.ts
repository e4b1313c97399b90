import { TransientError } from "../core/errors.ts";
import { readStream } from "../engine/read-stream.ts";
import type { Batch, Checkpoint } from "../core/source.ts";
import { Holdings } from "./known-keys.ts";
import type { RecordBatch } from "./record-buffer.ts";
import type { Selected } from "./selection.ts";
import { copyOf, note, type State } from "./state.ts";
import { TableAnswers } from "./table-responses.ts";
import type { UpdateOptions } from "./update.ts";
import type { Warnings } from "./warnings.ts";
import { textResponse } from "./wire.ts";

export interface TableReadingOptions extends Pick<
  UpdateOptions,
  "rememberedCharacters" | "startedAt" | "signal" | "log"
> {
  readonly state: State;
  readonly batch: RecordBatch;
  readonly warnings: Warnings;
}

/** How often a stream is begun in one sync. */
const maxReadings = 3;

/**
 * The answers for one stream. One that the state does not know is truncated and read from the start: on the first sync, when columns were added to
 * the selection, and when something is gone whose key nobody knows.
 */
export async function* readTable(
  selected: Selected,
  options: TableReadingOptions,
): AsyncGenerator<Buffer, void> {
  const { stream, columns } = selected;
  const { state, log } = options;
  const before = state.get(stream.name)?.columns;
  if (before && columns.some((column) => !before.includes(column))) state.forget(stream.name);
  for (let readings = 1; readings <= maxReadings; readings += 1) {
    const isWhole = yield* new TableReading(selected, options).answers();
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
class TableReading {
  readonly #selected: Selected;
  readonly #options: TableReadingOptions;
  readonly #answers: TableAnswers;
  readonly #holdings: Holdings;
  readonly #checkpoints: Map<string, Checkpoint>;
  #hasBegun = false;

  constructor(selected: Selected, options: TableReadingOptions) {
    const { stream, columns } = selected;
    const { state, batch, warnings } = options;
    this.#selected = selected;
    this.#options = options;
    this.#answers = new TableAnswers({
      ...{ table: stream, columns, batch },
      refused({ key, reason }) {
        warnings.add(`${stream.name}: ${key}: ${reason}`);
      },
    });
    const before = state.get(stream.name);
    this.#holdings = new Holdings({
      table: stream,
      saved: before ? before.held.toJSON() : {},
      maxSize: options.rememberedCharacters,
    });
    this.#checkpoints = new Map(before?.checkpoints);
  }

  /** Returns false where the stream has to be read again from its start. */
  async *answers(): AsyncGenerator<Buffer, boolean> {
    const { batch, ...reading } = this.#options;
    const { stream } = this.#selected;
    const checkpoints = copyOf(this.#checkpoints);
    const groups = readStream(stream, { ...reading, checkpoints, fullRefresh: false });
    for await (const group of groups) {
      yield* this.#begin(group);
      for (const part of group) {
        if (!(yield* this.#part(part))) return yield* this.#again();
      }
      yield* batch.flush();
      yield* reading.warnings.take();
      yield this.#checkpoint();
    }
    if (!this.#hasBegun) yield* this.#nothing();
    return true;
  }

  /** A stream that had nothing to say is read all the same: the first time, its table is empty. */
  *#nothing(): Generator<Buffer> {
    yield* this.#begin([]);
    yield* this.#options.batch.flush();
    yield this.#checkpoint();
  }

  *#again(): Generator<Buffer, false> {
    yield* this.#options.batch.flush();
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
      note(this.#checkpoints, part.partition ?? "", part.checkpoint);
    return true;
  }

  #checkpoint(): Buffer {
    const { state } = this.#options;
    const { stream, columns } = this.#selected;
    state.set(stream.name, { columns, checkpoints: this.#checkpoints, held: this.#holdings });
    return textResponse("checkpoint", state.format());
  }
}
