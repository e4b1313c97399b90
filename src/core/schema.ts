/** The types that a column can have. What each becomes in a database is in `docs/destinations.md`. */
export type ColumnType =
  | "boolean"
  | "integer"
  | "double"
  | "decimal"
  | "date"
  | "timestamp"
  | "string"
  | "binary"
  | "json";

/** Column names, as the service spells them, in the order of the table. */
export type Columns = Readonly<Record<string, ColumnType>>;

/**
 * One value of a row, as the service spelled it. The destination makes it canonical by the column's type
 * (`canonical` in `value.ts`): a `json` column holds JSON *text*, a `timestamp` any ISO 8601 text, an `integer` a number,
 * a bigint or digits. `undefined` and `null` both mean that the service did not send the value.
 */
export type Value = null | undefined | boolean | number | bigint | string | Uint8Array;

/** One record in the declared columns of its stream. */
export type Row = Readonly<Record<string, Value>>;

/** The values of the primary key, in the order of `primaryKey`. */
export type Key = readonly Value[];

/** What a destination has to know to make and fill a table. */
export interface Table {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** Columns that hold the time of the sync: they are written with a row that changed, and do not by themselves make a row changed. */
  readonly stamped?: readonly string[];
}

/** The key of a row, in the order of the table's primary key. */
export function keyOf(table: Table, row: Row): Key {
  return table.primaryKey.map((column) => row[column]);
}
