import { ConfigError } from "../core/errors.ts";
import { members } from "../json/text-scanner.ts";
import type { ColumnType, Key, Row, Value } from "../core/schema.ts";
import type { Checkpoint, Stream, Sweep } from "../core/source.ts";
import type { Extension } from "./extension.ts";
import { columnType, isObject } from "./json-schema.ts";
import { isLossless, parseValue } from "./json-value.ts";
import type { RecordMessage, SchemaMessage } from "./message.ts";
import { recordKeyColumn, RecordKeys } from "./record-key.ts";
import type { SavedStream } from "./saved-stream.ts";
import { StreamColumns } from "./stream-columns.ts";

/** The member that says when a record was deleted at its source. */
const deletedMember = "_sdc_deleted_at";

/** The column of a record's version. */
const versionColumn = "_sdc_table_version";

/** The column of what a schema does not declare, as a JSON object. */
const extraColumn = "_sdc_extra";

/** What a record is to a table. */
export interface RowChange {
  readonly row?: Row;
  /** The columns of a row that are to be changed, if it is there. */
  readonly update?: Row;
  /** The key of a row that is gone. */
  readonly deletedKey?: Key;
}

interface Field {
  readonly column: string;
  readonly type: ColumnType;
  /** Whether a parsed value can be taken as it is. */
  readonly isLossless: (value: unknown) => boolean;
}

/** A stream of a tap: its table, and how its records become rows. */
export class TargetStream {
  readonly table: string;
  readonly #stream: string;
  readonly #columns: StreamColumns;
  readonly #recordKeys = new RecordKeys();
  #fields = new Map<string, Field>();
  #keys: readonly string[] = [];
  #identity: string | undefined;
  #stamped: readonly string[] = [];
  #version: string | undefined;
  /** Whether records come from a tap of ours, whose sweeps say better than versions what is gone. */
  #isOurs = false;
  #hasOwnKey = true;
  #isChanged = false;

  constructor(table: string, { stream, columns, renamed, identity }: SavedStream) {
    this.table = table;
    this.#stream = stream;
    this.#columns = new StreamColumns(columns, renamed);
    this.#identity = identity;
    if (versionColumn in columns) this.#version = versionColumn;
  }

  /** What the destination is to prepare. */
  get declaration(): Pick<Stream, "name" | "columns" | "primaryKey" | "stamped"> {
    const stamped = this.#stamped.length === 0 ? {} : { stamped: this.#stamped };
    return { name: this.table, columns: this.#columns.used, primaryKey: this.#keys, ...stamped };
  }

  get checkpoint(): Checkpoint {
    const identity = this.#identity === undefined ? {} : { identity: this.#identity };
    const { known: columns, renamed } = this.#columns;
    const others = Object.keys(renamed).length === 0 ? {} : { renamed };
    return { stream: this.#stream, columns, ...others, ...identity };
  }

  /** Whether the table has to be prepared before what was taken last can be written. Asked once for each change. */
  consumeChange(): boolean {
    const isChanged = this.#columns.consumeChange() || this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  /** Takes note of what records look like from now on. */
  applySchema({ schema, keys }: SchemaMessage, extension: Extension | undefined): void {
    const before = JSON.stringify([this.#keys, this.#stamped]);
    this.#identify(extension?.identity);
    this.#isOurs = extension?.identity !== undefined;
    this.#stamped = extension?.stamped ?? [];
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    this.#fields = new Map();
    const names = new Set([...Object.keys(properties), ...keys]);
    for (const name of names) {
      const isKey = keys.includes(name);
      const declared = Object.hasOwn(properties, name) ? properties[name] : { type: "string" };
      // What comes from a tap of ours is named by the table, as in a sync.
      const wanted = this.#isOurs ? name : this.#columns.columnName(name, names);
      const { column, type } = this.#columns.resolveColumn(
        wanted,
        columnType(declared, schema),
        isKey,
      );
      const isPlain = column === name && name !== "__proto__";
      this.#fields.set(name, {
        column,
        type,
        isLossless: isPlain ? isLossless[type] : () => false,
      });
    }
    const own = (): string =>
      this.#columns.resolveSystemColumn(recordKeyColumn, "string", this.#declared);
    this.#hasOwnKey = keys.length > 0;
    this.#setKeys(this.#hasOwnKey ? keys.map((key) => this.#columnOf(key)) : [own()]);
    this.#isChanged ||= before !== JSON.stringify([this.#keys, this.#stamped]);
  }

  /** Makes a row of a record, or a key of one that says that it was deleted. */
  convert(message: RecordMessage, extension: Extension | undefined): RowChange {
    const row = this.#row(message, extension);
    if (extension?.isUpdate === true) return { update: row };
    if (message.record[deletedMember] == null) return { row };
    const gone = this.#keys.map((column) => row[column]);
    // Without a key it is for the table to refuse.
    if (gone.some((value) => value == null)) return { row };
    // What brings only a part leaves the rest of the row as it was last.
    const isWhole = [...this.#fields.keys()].every((name) => Object.hasOwn(message.record, name));
    return isWhole ? { row, deletedKey: gone } : { update: row, deletedKey: gone };
  }

  /** What is gone once a version is the one that counts: all rows of others. Nothing where records have no version. */
  activateVersion(version: number): Sweep | undefined {
    const column = this.#version;
    if (column === undefined || this.#isOurs) return undefined;
    return {
      by: [this.#columns.resolveColumn(column, "integer").column],
      keys: [[version]],
      again: true,
    };
  }

  #identify(identity: string | undefined): void {
    if (identity !== undefined && this.#identity !== undefined && identity !== this.#identity) {
      throw new ConfigError(
        `stream "${this.#stream}": this pipeline holds a copy of ${this.#identity}, not of ${identity}; use another destination, or another --pipeline with a schema of its own`,
      );
    }
    this.#identity = identity ?? this.#identity;
  }

  #setKeys(keys: readonly string[]): void {
    const [before, now] = [this.#keys, keys].map((columns) => columns.join(", "));
    if (this.#keys.length > 0 && before !== now) {
      throw new ConfigError(
        `stream "${this.#stream}": its key_properties change in the middle, from (${before ?? ""}) to (${now ?? ""}); a table has one primary key`,
      );
    }
    this.#keys = keys;
  }

  #columnOf(property: string): string {
    return this.#fields.get(property)?.column ?? property;
  }

  get #declared(): ReadonlySet<string> {
    return new Set(this.#fields.keys());
  }

  #row(message: RecordMessage, extension: Extension | undefined): Row {
    const { record, version } = message;
    const isSimple = this.#isExact(record);
    // The record is ours: it was made by parsing.
    const row = isSimple ? (record as Record<string, Value>) : this.#rowOf(message.recordText());
    if (!this.#hasOwnKey) row[this.#keys[0] ?? ""] = this.#recordKey(message);
    for (const [column, text] of extension?.texts ?? []) setColumn(row, column, text);
    if (version !== undefined && !this.#isOurs) this.#setVersion(row, version);
    return row;
  }

  #recordKey({ record, recordText }: RecordMessage): string {
    const text = recordText();
    return record[deletedMember] == null
      ? this.#recordKeys.keyFor(text)
      : this.#recordKeys.keyForDeleted(text);
  }

  /** Whether all values can be taken as they were parsed. */
  #isExact(record: Readonly<Record<string, unknown>>): boolean {
    for (const name in record) {
      const value = record[name];
      if (value === null) continue;
      if (this.#fields.get(name)?.isLossless(value) !== true) return false;
    }
    return !Object.hasOwn(record, "__proto__");
  }

  #rowOf(text: string): Record<string, Value> {
    const row: Record<string, Value> = {};
    const extra: string[] = [];
    for (const [name, slice] of members(text) ?? []) {
      const field = this.#fields.get(name);
      if (field) setColumn(row, field.column, parseValue(field.type, slice));
      else if (name !== deletedMember && slice !== "null")
        extra.push(`${JSON.stringify(name)}:${slice}`);
    }
    if (extra.length > 0) {
      const column = this.#columns.resolveSystemColumn(extraColumn, "json", this.#declared);
      row[column] = `{${extra.join(",")}}`;
    }
    return row;
  }

  #setVersion(row: Record<string, Value>, version: number): void {
    this.#version = this.#columns.resolveColumn(versionColumn, "integer").column;
    row[this.#version] ??= version;
  }
}

/** Sets a value whatever the column is called. */
function setColumn(row: Record<string, Value>, column: string, value: Value): void {
  if (column !== "__proto__") row[column] = value;
  else Object.defineProperty(row, column, { value, enumerable: true });
}
