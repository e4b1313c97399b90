import { ConfigError, TableError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { ColumnType, Key, Row, Value } from "../core/schema.ts";
import type { Checkpoint, Stream, Sweep } from "../core/source.ts";
import { type Extension, parseSweep, sweepColumns } from "./extension.ts";
import { columnType, propertiesOf } from "./json-schema.ts";
import { checkKeySpelling, needsSpelling } from "./key-spelling.ts";
import { LineError, type RecordMessage, type SchemaMessage } from "./message.ts";
import { deletedMember, RecordFields } from "./record-fields.ts";
import { recordKeyColumn, RecordKeys } from "./record-key.ts";
import { renameSweep } from "./rename-columns.ts";
import type { SavedStream } from "./saved-stream.ts";
import { setColumn } from "./set-column.ts";
import { StreamColumns } from "./stream-columns.ts";

/** The column for a record's version. */
const versionColumn = "_sdc_table_version";

/** The column for members that the schema does not declare, as a JSON object. */
const extraColumn = "_sdc_extra";

/** How many columns the target may add: those two, and a key. */
const targetColumns = 3;

/** What a record changes in its table. */
export interface RowChange {
  /** A row to insert or replace. */
  readonly row?: Row;
  /** The key and some columns, to change if the row exists. */
  readonly update?: Row;
  /** The key of a row to mark as deleted, after `row` or `update`. */
  readonly deletedKey?: Key;
}

/** A stream of a tap: its table, and the conversion of its records into rows. */
export class TargetStream {
  /** The table's name; that of the stream as rivulet knows it. */
  readonly table: string;
  readonly #stream: string;
  readonly #columns: StreamColumns;
  readonly #maxFields: number;
  readonly #recordKeys = new RecordKeys();
  #fields = new RecordFields();
  #keys: readonly string[] = [];
  /** Properties of the key; with a column type if their text may be another spelling of a value. */
  readonly #keySpellings = new Map<string, ColumnType | undefined>();
  #identity: string | undefined;
  #stamped: readonly string[] = [];
  #versionColumn: string | undefined;
  /** Whether records of this run had no version, so that none can be said to be of another one. */
  #hasUnversioned = false;
  /** Rivulet's own tap sends sweeps, which are more precise than versions. */
  #isRivuletTap = false;
  #hasKey = true;
  #isChanged = false;

  /** What does not fit into `maxColumns` columns goes to `_sdc_extra`. */
  constructor(table: string, saved: SavedStream, maxColumns = Infinity) {
    const { stream, identity } = saved;
    this.table = table;
    this.#stream = stream;
    this.#columns = new StreamColumns(saved);
    this.#maxFields = maxColumns - targetColumns;
    this.#identity = identity;
    if (this.#columns.has(versionColumn)) this.#versionColumn = versionColumn;
  }

  /** The table for the destination to prepare. */
  get declaration(): Pick<Stream, "name" | "columns" | "primaryKey" | "stamped"> {
    const stamped = this.#stamped.length === 0 ? {} : { stamped: this.#stamped };
    return { name: this.table, columns: this.#columns.used, primaryKey: this.#keys, ...stamped };
  }

  /** What to store between runs; a `SavedStream`. */
  get checkpoint(): Checkpoint {
    const identity = this.#identity === undefined ? {} : { identity: this.#identity };
    return { stream: this.#stream, ...this.#columns.saved, ...identity };
  }

  /** Whether the table must be prepared again before the next write; resets itself. */
  consumeChange(): boolean {
    const isChanged = this.#columns.consumeChange() || this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  /**
   * Continues columns whose types in the table cannot hold the values in others. Returns the names
   * of those by the names of the former: rows that are not written yet must be renamed.
   */
  continueElsewhere(columns: Iterable<string>): ReadonlyMap<string, string> {
    const declared = this.#fields.names;
    const names = new Map(
      [...columns].map((column) => [column, this.#columns.continueElsewhere(column, declared)]),
    );
    const nameOf = (column: string): string => names.get(column) ?? column;
    this.#fields.rename(names);
    this.#stamped = this.#stamped.map(nameOf);
    this.consumeChange();
    return names;
  }

  /**
   * Applies a SCHEMA to the records that follow.
   *
   * @throws TableError if it changes the primary key
   * @throws ConfigError if the pipeline copies something else
   */
  applySchema({ schema, keys }: SchemaMessage, extension: Extension | undefined): void {
    const before = JSON.stringify([this.#keys, this.#stamped]);
    this.#setIdentity(extension?.identity);
    this.#isRivuletTap = extension?.identity !== undefined;
    const properties = propertiesOf(schema);
    this.#fields = new RecordFields();
    this.#keySpellings.clear();
    const names = new Set([...Object.keys(properties), ...keys]);
    for (const name of names) {
      const isKey = keys.includes(name);
      if (!isKey && !this.#columns.hasRoom(name, this.#maxFields - keys.length)) continue;
      const declared = Object.hasOwn(properties, name) ? properties[name] : { type: "string" };
      // Rivulet's own tap sends column names, as in a sync.
      const columnName = this.#isRivuletTap ? name : this.#columns.columnName(name, names);
      const declaredType = columnType(declared, schema);
      const { column, type } = this.#columns.resolveColumn(columnName, declaredType, isKey);
      if (isKey) this.#keySpellings.set(name, needsSpelling(type, declaredType) ? type : undefined);
      this.#fields.set(name, { column, type });
    }
    this.#stamped = (extension?.stamped ?? []).map((name) => this.#fields.columnOf(name));
    const generatedKey = (): string => this.#resolveSystemColumn(recordKeyColumn, "string");
    this.#hasKey = keys.length > 0;
    this.#setKeys(this.#hasKey ? keys.map((key) => this.#fields.columnOf(key)) : [generatedKey()]);
    this.#isChanged ||= before !== JSON.stringify([this.#keys, this.#stamped]);
  }

  /**
   * Converts a record into a change of its table.
   *
   * @throws RejectedRecord if its key might be taken for that of another record
   */
  convert(message: RecordMessage, extension: Extension | undefined): RowChange {
    checkKeySpelling(message, this.#keySpellings);
    const row = this.#toRow(message, extension);
    if (extension?.isUpdate === true) return { update: row };
    if (message.record[deletedMember] == null) return { row };
    const deletedKey = this.#keys.map((column) => row[column]);
    // The destination rejects a row with an incomplete key.
    if (deletedKey.some((value) => value == null)) return { row };
    // A partial record must not overwrite the other columns.
    return this.#fields.isWhole(message.record) ? { row, deletedKey } : { update: row, deletedKey };
  }

  /** A sweep that deletes all rows of other versions; undefined if records have no version. */
  activateVersion(version: number, log: Log): Sweep | undefined {
    const column = this.#versionColumn;
    if (this.#isRivuletTap) return undefined;
    if (this.#hasUnversioned) {
      log.warning(
        `${this.#stream}: records without a version came before ACTIVATE_VERSION ${version}; nothing was marked as deleted`,
      );
      return undefined;
    }
    if (column === undefined) return undefined;
    return {
      by: [this.#columns.resolveColumn(column, "integer").column],
      keys: [[version]],
      again: true,
    };
  }

  /**
   * Parses a sweep of rivulet's own tap, which refers to the properties of the SCHEMA.
   *
   * @throws LineError if the SCHEMA does not declare one of them
   */
  parseSweep(text: string): Sweep {
    const columns = { ...this.#columns.used, ...this.#fields.types };
    const table = { name: this.#stream, columns, primaryKey: this.#keys };
    const sweep = parseSweep(text, table);
    const missing = sweepColumns(sweep, table).find((column) => !(column in columns));
    if (missing !== undefined)
      throw new LineError(`sweep of "${this.#stream}": the schema does not declare "${missing}"`);
    return renameSweep(sweep, (name) => this.#fields.columnOf(name));
  }

  #setIdentity(identity: string | undefined): void {
    if (identity !== undefined && this.#identity !== undefined && identity !== this.#identity) {
      throw new ConfigError(
        `stream "${this.#stream}": this pipeline holds a copy of ${this.#identity}, not of ${identity}; use another destination, or another --pipeline with a separate schema`,
      );
    }
    this.#identity = identity ?? this.#identity;
  }

  #setKeys(keys: readonly string[]): void {
    const [before, now] = [this.#keys, keys].map((columns) => columns.join(", "));
    if (this.#keys.length > 0 && before !== now) {
      throw new TableError(
        `stream "${this.#stream}": key_properties changed within the input, from (${before ?? ""}) to (${now ?? ""}); a table has one primary key`,
        { stream: this.table },
      );
    }
    this.#keys = keys;
  }

  #toRow(message: RecordMessage, extension: Extension | undefined): Row {
    const { version } = message;
    const { row, extra } = this.#fields.convert(message);
    if (extra !== undefined) row[this.#resolveSystemColumn(extraColumn, "json")] = extra;
    if (!this.#hasKey) row[this.#keys[0] ?? ""] = this.#recordKey(message);
    for (const [column, text] of extension?.texts ?? [])
      setColumn(row, this.#fields.columnOf(column), text);
    if (version === undefined) this.#hasUnversioned = true;
    else if (!this.#isRivuletTap) this.#setVersion(row, version);
    return row;
  }

  #recordKey({ record, recordText }: RecordMessage): string {
    const text = recordText();
    return record[deletedMember] == null
      ? this.#recordKeys.keyFor(text)
      : this.#recordKeys.keyForDeleted(text);
  }

  /** A column that the target fills itself, under a name that no property has. */
  #resolveSystemColumn(name: string, type: ColumnType): string {
    return this.#columns.resolveSystemColumn(name, type, this.#fields.names);
  }

  #setVersion(row: Record<string, Value>, version: number): void {
    this.#versionColumn = this.#columns.resolveColumn(versionColumn, "integer").column;
    row[this.#versionColumn] ??= version;
  }
}
