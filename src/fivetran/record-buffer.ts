import { recordResponse, recordsResponse, recordsResponseSize, sizeInRecords } from "./wire.ts";

/** Fivetran's limit per response. */
const maxRecords = 100;

/** Fivetran's limit on the encoded size of a response. */
const maxBytes = 100 * 1024;

interface RecordBufferOptions {
  /** Called with the size of a record that exceeds the limit by itself. */
  readonly onOversized: (bytes: number) => void;
  /** Called with the size of each response. */
  readonly onSent?: (bytes: number) => void;
}

/** Collects records until a response is full; a record above the limit is sent alone. */
export class RecordBuffer {
  readonly #options: RecordBufferOptions;
  #records: Uint8Array[] = [];
  #size = 0;

  constructor(options: RecordBufferOptions) {
    this.#options = options;
  }

  /** Adds a record; yields the responses that become full. */
  *add(record: Uint8Array): Generator<Buffer> {
    const size = sizeInRecords(record);
    const isFull = this.#records.length === maxRecords;
    if (isFull || recordsResponseSize(this.#size + size) > maxBytes) yield* this.flush();
    if (recordsResponseSize(size) > maxBytes) {
      this.#options.onOversized(record.length);
      this.#options.onSent?.(record.length);
      yield recordResponse(record);
      return;
    }
    this.#records.push(record);
    this.#size += size;
  }

  /** Yields the remaining records. */
  *flush(): Generator<Buffer> {
    if (this.#records.length === 0) return;
    this.#options.onSent?.(this.#size);
    yield recordsResponse(this.#records, this.#size);
    this.#records = [];
    this.#size = 0;
  }
}
