import type { Key, Row } from "../core/schema.ts";
import type { Batch, Rejected, Sweep } from "../core/source.ts";
import type { RowChange, TargetStream } from "./target-stream.ts";

/** What came of a stream since its last batch. */
interface OpenBatch {
  readonly rows: Row[];
  readonly updates: Row[];
  readonly deletes: Key[];
  bytes: number;
  /** When the tap had the oldest of it, in milliseconds since 1970. */
  readAt: number;
}

/** How long the line of a record is, and when the tap had the record, in milliseconds since 1970. */
export interface RecordStats {
  readonly bytes: number;
  readonly readAt: number;
}

/**
 * What was received, as batches. Rows of one stream are put together, since tables do not depend on each other; a STATE comes after all that came
 * before it.
 */
export class BatchBuilder {
  /** Under it, states and lines that are no messages are kept. */
  readonly #inputStream: string;
  readonly #open = new Map<TargetStream, OpenBatch>();
  #ready: Batch[] = [];

  constructor(inputStream: string) {
    this.#inputStream = inputStream;
  }

  add(stream: TargetStream, { row, update, deletedKey }: RowChange, of: RecordStats): void {
    let open = this.#open.get(stream);
    // A batch writes its rows, then its updates, then its deletions; what was deleted may come again.
    const isLate =
      open !== undefined &&
      ((row && open.updates.length + open.deletes.length > 0) ||
        (update && open.deletes.length > 0));
    if (!open || isLate === true) open = this.#begin(stream);
    if (row) open.rows.push(row);
    if (update) open.updates.push(update);
    if (deletedKey) open.deletes.push(deletedKey);
    open.bytes += of.bytes;
    open.readAt = Math.min(open.readAt, of.readAt);
  }

  addSweep(stream: TargetStream, sweep: Sweep): void {
    this.#close(stream);
    this.#ready.push({ stream: stream.table, rows: [], sweep, bytes: 0 });
  }

  /** Takes a STATE, as JSON text. */
  addState(state: string): void {
    this.#closeAll();
    this.#ready.push({ stream: this.#inputStream, rows: [], checkpoint: { state }, bytes: 0 });
  }

  addRejected(entry: Rejected): void {
    const { length: bytes } = entry.payload;
    this.#ready.push({ stream: this.#inputStream, rows: [], rejected: [entry], bytes });
  }

  /** All batches since this was called last. */
  drain(): readonly Batch[] {
    this.#closeAll();
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #begin(stream: TargetStream): OpenBatch {
    this.#close(stream);
    const open = { rows: [], updates: [], deletes: [], bytes: 0, readAt: Date.now() };
    this.#open.set(stream, open);
    return open;
  }

  #closeAll(): void {
    for (const stream of this.#open.keys()) this.#close(stream);
  }

  #close(stream: TargetStream): void {
    const open = this.#open.get(stream);
    if (!open) return;
    this.#open.delete(stream);
    const { updates, ...others } = open;
    this.#ready.push({
      stream: stream.table,
      ...others,
      ...(updates.length > 0 ? { updates } : {}),
    });
  }
}
