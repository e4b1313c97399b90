import { recordResponse, recordsResponse, sizeInRecords, recordsResponseSize } from "./wire.ts";

/** Fivetran's own limit. */
const maxRecords = 100;

/** Of an answer, by its exact size on the wire. */
const maxBytes = 100 * 1024;

export interface RecordBufferOptions {
  /** Told of a record that is larger than a whole batch may be, by its bytes. */
  readonly onOversized: (bytes: number) => void;
}

/** Puts records together until an answer is full; one that is too large goes alone. */
export class RecordBuffer {
  readonly #options: RecordBufferOptions;
  #records: Uint8Array[] = [];
  #size = 0;

  constructor(options: RecordBufferOptions) {
    this.#options = options;
  }

  /** The answers that adding a record makes ready. */
  *add(record: Uint8Array): Generator<Buffer> {
    const size = sizeInRecords(record);
    const isFull = this.#records.length === maxRecords;
    if (isFull || recordsResponseSize(this.#size + size) > maxBytes) yield* this.flush();
    if (recordsResponseSize(size) > maxBytes) {
      this.#options.onOversized(record.length);
      yield recordResponse(record);
      return;
    }
    this.#records.push(record);
    this.#size += size;
  }

  /** What is left. */
  *flush(): Generator<Buffer> {
    if (this.#records.length === 0) return;
    yield recordsResponse(this.#records, this.#size);
    this.#records = [];
    this.#size = 0;
  }
}
