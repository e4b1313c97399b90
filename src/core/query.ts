/** A value as a query found it. Numbers beyond 2^53 are `bigint`, or the text of their digits. */
export type QueryValue = null | string | number | bigint | boolean | Uint8Array;

/** A column of a query's result. */
export interface QueryColumn {
  readonly name: string;
  /** What a text in it is: digits, or JSON. Absent: text. */
  readonly texts?: "numbers" | "json";
}

/** SQL that a person has written. */
export interface Query {
  readonly text: string;
  /** Values of `:name` in the text. */
  readonly parameters: ReadonlyMap<string, string>;
  /** How long to wait for the next rows. */
  readonly timeoutMs: number;
  /** The command that makes the database, for the message if there is none. */
  readonly syncCommand: string;
}

/** The rows that a query finds, read as they are asked for. */
export interface QueryResult extends AsyncDisposable {
  readonly columns: readonly QueryColumn[];
  /** Pages of rows, of about a megabyte or less. To be read once. */
  readonly pages: AsyncIterable<QueryPage>;
}

/** Some rows, whose values are in the order of the columns. */
export type QueryPage = readonly (readonly QueryValue[])[];
