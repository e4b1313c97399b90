import type { Columns, Key, Row, Value } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { isFraction } from "../core/value.ts";
import { ValueError } from "../core/value-error.ts";
import type { SelectedStream } from "./catalog.ts";
import { recordSchema } from "./catalog.ts";
import { formatObject, formatSweep, sweepColumns } from "./extension.ts";
import { formatValue } from "./json-value.ts";
import { extensionMember } from "./message.ts";
import type { PendingSweeps } from "./pending-sweeps.ts";

/** A row that no message can carry; the error message says why. */
export class UnwritableError extends Error {
  override readonly name = "UnwritableError";
}

/** What all messages of a stream have in common. */
interface MessageBuilderOptions {
  /** The name and identity of the source, so that a target never mixes two. */
  readonly identity: string;
  /** The version of the records, if an ACTIVATE_VERSION may follow that deletes all others. */
  readonly version?: number;
  /** Shared by all streams. */
  readonly sweeps: PendingSweeps;
}

/** Builds the messages of one stream, as JSON lines. Sweeps travel with the next message. */
export class MessageBuilder {
  readonly #selected: SelectedStream;
  readonly #options: MessageBuilderOptions;
  readonly #stream: string;
  /** As declared, except for integer columns that were widened to double. */
  #columns: Columns;

  constructor(selected: SelectedStream, options: MessageBuilderOptions) {
    this.#selected = selected;
    this.#options = options;
    this.#stream = JSON.stringify(selected.stream.name);
    this.#columns = selected.stream.columns;
  }

  /** A SCHEMA, in which columns may have been widened by earlier records. */
  schema(): string {
    const { stream, columns } = this.#selected;
    const { name, primaryKey, cursor, stamped } = stream;
    return JSON.stringify({
      type: "SCHEMA",
      stream: name,
      schema: recordSchema(this.#columns, columns),
      key_properties: primaryKey,
      ...(cursor === undefined ? {} : { bookmark_properties: [cursor] }),
      rivulet: { identity: this.#options.identity, ...(stamped ? { stamped } : {}) },
    });
  }

  /**
   * A RECORD, preceded by a new SCHEMA if a column has to be widened for it.
   *
   * @throws UnwritableError if a value does not fit its column, or the key is incomplete
   */
  record(row: Row, extractedAt: string): string[] {
    const { stream, columns } = this.#selected;
    const declared = this.#columns;
    const texts: JsonMember[] = [];
    const members = columns.map((column) => {
      const value = Object.hasOwn(row, column) ? row[column] : undefined;
      if (declared[column] === "json" && typeof value === "string" && changesInTransit(value))
        texts.push([column, JSON.stringify(value)]);
      return [column, this.#text(column, value)] as const;
    });
    for (const key of stream.primaryKey)
      if (row[key] == null)
        throw new UnwritableError(
          `column "${key}": expected a value, as part of the primary key, got none`,
        );
    const more: JsonMember[] = texts.length === 0 ? [] : [["texts", formatObject(texts)]];
    const message = this.#message(formatObject(members), extractedAt, more);
    return declared === this.#columns ? [message] : [this.schema(), message];
  }

  #text(column: string, value: Value): string {
    try {
      return formatValue(this.#columns[column] ?? "json", value);
    } catch (error) {
      if (this.#columns[column] !== "integer" || !isFraction(value))
        throw toUnwritableError(column, error);
      this.#columns = { ...this.#columns, [column]: "double" };
      return this.#text(column, value);
    }
  }

  /** A RECORD of the key and some columns, which changes a row that exists. */
  update(row: Row, extractedAt: string): string {
    const columns = this.#selected.columns.filter((column) => row[column] !== undefined);
    const members = columns.map((column) => [column, this.#text(column, row[column])] as const);
    return this.#message(formatObject(members), extractedAt, [["update", "true"]]);
  }

  /** A RECORD that marks a key as deleted. */
  deletion(key: Key, extractedAt: string): string {
    const { stream } = this.#selected;
    const members = stream.primaryKey.map((column, index) => {
      return [column, this.#text(column, key[index])] as const;
    });
    const at = ["_sdc_deleted_at", JSON.stringify(extractedAt)] as const;
    return this.#message(formatObject([...members, at]), extractedAt);
  }

  /**
   * Attaches a sweep to the next message. If the sweep refers to a column that is not selected, no
   * target can apply it: it is dropped, and the column's name is returned.
   */
  addSweep(sweep: Sweep): string | undefined {
    const { stream, columns } = this.#selected;
    const missing = sweepColumns(sweep, stream).find((column) => !columns.includes(column));
    const text = missing === undefined ? formatSweep(sweep, stream) : undefined;
    if (text !== undefined) this.#options.sweeps.add(text);
    return missing;
  }

  /** An ACTIVATE_VERSION. */
  activateVersion(version: number): string {
    return `{"type":"ACTIVATE_VERSION","stream":${this.#stream},"version":${version}}`;
  }

  #message(record: string, extractedAt: string, more: readonly JsonMember[] = []): string {
    const { version } = this.#options;
    return formatObject([
      ["type", '"RECORD"'],
      ["stream", this.#stream],
      ["record", record],
      ...(version === undefined ? [] : [["version", String(version)] as const]),
      ["time_extracted", `"${extractedAt}"`],
      ...this.#extension(more),
    ]);
  }

  #extension(more: readonly JsonMember[]): JsonMember[] {
    const all: JsonMember[] = [...this.#options.sweeps.take(), ...more];
    return all.length === 0 ? [] : [[extensionMember, formatObject(all)]];
  }
}

/** A member of an object, its value as JSON text. */
type JsonMember = readonly [name: string, text: string];

/**
 * Whether a record cannot carry this JSON text verbatim: line breaks are replaced, lone surrogates
 * escaped, and a JSON null would read as a missing value.
 */
function changesInTransit(json: string): boolean {
  return json === "null" || /[\r\n]/.test(json) || !json.isWellFormed();
}

function toUnwritableError(column: string, error: unknown): unknown {
  if (error instanceof ValueError)
    return new UnwritableError(`column "${column}": ${error.message}`, { cause: error });
  if (error instanceof SyntaxError)
    return new UnwritableError(`column "${column}": not JSON`, { cause: error });
  return error;
}
