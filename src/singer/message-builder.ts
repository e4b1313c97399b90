import type { Columns, Key, Row, Value } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { ValueError, isFraction } from "../core/value.ts";
import type { SelectedStream } from "./catalog.ts";
import { recordSchema } from "./catalog.ts";
import { sweepColumns, formatObject, formatSweep } from "./extension.ts";
import { extensionMember } from "./message.ts";
import { formatValue } from "./json-value.ts";

/** A row that cannot be written; the message says why. */
export class UnwritableError extends Error {
  override readonly name = "UnwritableError";
}

/** Where messages of one stream come from. */
export interface MessageBuilderOptions {
  /** What is copied: source and identity. */
  readonly identity: string;
  /** The version of the records, where a later ACTIVATE_VERSION may say that all others are gone. */
  readonly version?: number;
}

/** Makes the messages of one stream. What was shown completely is told by the next of them. */
export class MessageBuilder {
  readonly #wanted: SelectedStream;
  readonly #origin: MessageBuilderOptions;
  readonly #stream: string;
  /** As they are declared, but for integers that turned out to be doubles. */
  #columns: Columns;
  #sweeps: string[] = [];

  constructor(wanted: SelectedStream, origin: MessageBuilderOptions) {
    this.#wanted = wanted;
    this.#origin = origin;
    this.#stream = JSON.stringify(wanted.stream.name);
    this.#columns = wanted.stream.columns;
  }

  schema(): string {
    const { stream, columns } = this.#wanted;
    const { name, primaryKey, cursor, stamped } = stream;
    return JSON.stringify({
      type: "SCHEMA",
      stream: name,
      schema: recordSchema(this.#columns, columns),
      key_properties: primaryKey,
      ...(cursor === undefined ? {} : { bookmark_properties: [cursor] }),
      rivulet: { identity: this.#origin.identity, ...(stamped ? { stamped } : {}) },
    });
  }

  /** The message of a row, and the new schema that it may need before it. Throws an UnwritableError where a value does not fit its column. */
  record(row: Row, extractedAt: string): string[] {
    const { stream, columns } = this.#wanted;
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

  /** A record of some columns, for a row that is changed where it is there. */
  update(row: Row, extractedAt: string): string {
    const columns = this.#wanted.columns.filter((column) => row[column] !== undefined);
    const members = columns.map((column) => [column, this.#text(column, row[column])] as const);
    return this.#message(formatObject(members), extractedAt, [["update", "true"]]);
  }

  /** A record that says of a key that it is gone. */
  deletion(key: Key, extractedAt: string): string {
    const { stream } = this.#wanted;
    const members = stream.primaryKey.map((column, index) => {
      return [column, this.#text(column, key[index])] as const;
    });
    const at = ["_sdc_deleted_at", JSON.stringify(extractedAt)] as const;
    return this.#message(formatObject([...members, at]), extractedAt);
  }

  /** Takes a sweep; the name of a column that it is about, but that is not wanted, where there is one: then nobody can use it. */
  addSweep(sweep: Sweep): string | undefined {
    const { stream, columns } = this.#wanted;
    const missing = sweepColumns(sweep, stream).find((column) => !columns.includes(column));
    const text = missing === undefined ? formatSweep(sweep, stream) : undefined;
    if (text !== undefined) this.#sweeps.push(text);
    return missing;
  }

  get hasPendingSweeps(): boolean {
    return this.#sweeps.length > 0;
  }

  state(value: string): string {
    return formatObject([["type", '"STATE"'], ["value", value], ...this.#extension()]);
  }

  activateVersion(version: number): string {
    return `{"type":"ACTIVATE_VERSION","stream":${this.#stream},"version":${version}}`;
  }

  #message(record: string, extractedAt: string, more: readonly JsonMember[] = []): string {
    const { version } = this.#origin;
    return formatObject([
      ["type", '"RECORD"'],
      ["stream", this.#stream],
      ["record", record],
      ...(version === undefined ? [] : [["version", String(version)] as const]),
      ["time_extracted", `"${extractedAt}"`],
      ...this.#extension(more),
    ]);
  }

  #extension(more: readonly JsonMember[] = []): JsonMember[] {
    const sweeps: JsonMember[] =
      this.#sweeps.length === 0 ? [] : [["sweeps", `[${this.#sweeps.join(",")}]`]];
    this.#sweeps = [];
    const all = [...sweeps, ...more];
    return all.length === 0 ? [] : [[extensionMember, formatObject(all)]];
  }
}

/** A member, and its JSON text. */
type JsonMember = readonly [name: string, text: string];

/** Whether JSON text would come out of a message otherwise: on several lines, or a null that is one and not a value that is missing. */
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
