import type { Key, Row } from "../core/schema.ts";
import type { Batch, Rejected, Sweep } from "../core/source.ts";
import type { RowChange, TargetStream } from "./target-stream.ts";

/** What has arrived for a stream since its last batch. */
interface OpenBatch {
  readonly rows: Row[];
  readonly updates: Row[];
  readonly deletes: Key[];
  bytes: number;
  /** When the tap extracted the oldest record, in milliseconds since 1970. */
  readAt: number;
}

/** Size and age of a record. */
interface RecordStats {
  /** The length of its line. */
  readonly bytes: number;
  /** When the tap extracted it, in milliseconds since 1970. */
  readonly readAt: number;
}

/**
 * Collects messages into batches. Tables do not depend on each other, so rows of one stream are
 * merged; a STATE keeps its place after everything that preceded it.
 */
export class BatchBuilder {
  /** The stream that owns states and invalid lines. */
  readonly #inputStream: string;
  readonly #open = new Map<TargetStream, OpenBatch>();
  #ready: Batch[] = [];

  constructor(inputStream: string) {
    this.#inputStream = inputStream;
  }

  /** Adds a record to its stream's batch. */
  add(stream: TargetStream, { row, update, deletedKey }: RowChange, stats: RecordStats): void {
    let open = this.#open.get(stream);
    // A batch writes rows, then updates, then deletes; a change out of order needs a new batch.
    const isOutOfOrder =
      open !== undefined &&
      ((row && open.updates.length + open.deletes.length > 0) ||
        (update && open.deletes.length > 0));
    if (!open || isOutOfOrder === true) open = this.#begin(stream);
    if (row) open.rows.push(row);
    if (update) open.updates.push(update);
    if (deletedKey) open.deletes.push(deletedKey);
    open.bytes += stats.bytes;
    open.readAt = Math.min(open.readAt, stats.readAt);
  }

  /** Adds a sweep, after all rows of its stream so far. */
  addSweep(stream: TargetStream, sweep: Sweep): void {
    this.#close(stream);
    this.#ready.push({ stream: stream.table, rows: [], sweep, bytes: 0 });
  }

  /** Adds a STATE (JSON text) as a checkpoint, after everything so far. */
  addState(state: string): void {
    this.#closeAll();
    this.#ready.push({ stream: this.#inputStream, rows: [], checkpoint: { state }, bytes: 0 });
  }

  /** Adds an invalid line, or a record of a table, for quarantine. */
  addRejected(entry: Rejected, stream = this.#inputStream): void {
    const { length: bytes } = entry.payload;
    this.#ready.push({ stream, rows: [], rejected: [entry], bytes });
  }

  /** Returns all batches since the last call. */
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
