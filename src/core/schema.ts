/** The types of columns. `docs/internals/destinations.md` lists what each becomes in a database. */
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

/** Column types by name, in the order of the table; names are spelled as the service does. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** A value in the canonical form of its column's type. */
export type CanonicalValue = boolean | number | bigint | string | Uint8Array;

/**
 * One value of a row, as the service sent it; the destination makes it `canonical` for the column's
 * type. A `json` column takes JSON *text*, or an object, array, number or boolean; a `timestamp`
 * any ISO 8601 text; an `integer` a number, a bigint, an ExactNumber or digits. `undefined` and
 * `null` both mean that the service sent no value.
 */
export type Value = null | undefined | CanonicalValue | object;

/** A value other than null and undefined. */
export type PresentValue = Exclude<Value, null | undefined>;

/** One record in the declared columns of its stream. */
export type Row = Readonly<Record<string, Value>>;

/** The values of the primary key, in the order of `primaryKey`. */
export type Key = readonly Value[];

/** What a destination needs to know to create and fill a table. */
export interface Table {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** Columns with the time of the sync: written with a changed row, but no change in themselves. */
  readonly stamped?: readonly string[];
}

/** A row's key, in the order of the table's primary key. */
export function keyOf(table: Table, row: Row): Key {
  return table.primaryKey.map((column) => row[column]);
}

/** The text of a value that is no object, such as one of a key. */
export function plainText(value: Value): string {
  const plain = value as CanonicalValue | null | undefined;
  return String(plain);
}
