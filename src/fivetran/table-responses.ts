import type { Key, Row, Table } from "../core/schema.ts";
import type { Rejected } from "../core/source.ts";
import { ValueError } from "../core/value.ts";
import { keyText } from "./key-text.ts";
import type { RecordBuffer } from "./record-buffer.ts";
import { encodeValue } from "./values.ts";
import { encodeRecord, type Cell, type RecordType } from "./wire.ts";

export interface TableResponsesOptions {
  readonly table: Table;
  /** Those that are wanted. */
  readonly columns: readonly string[];
  readonly buffer: RecordBuffer;
  /** Told of what cannot be sent or was not understood: its key, and why. */
  readonly onRejected: (rejected: Pick<Rejected, "key" | "reason">) => void;
}

/** Makes records of the rows of one table. */
export class TableResponses {
  readonly #options: TableResponsesOptions;

  constructor(options: TableResponsesOptions) {
    this.#options = options;
  }

  /** Marks everything as deleted that stands in the table before the records that come. */
  *truncate(): Generator<Buffer> {
    const { table, buffer } = this.#options;
    yield* buffer.add(encodeRecord(table.name, "truncate"));
  }

  /** Whole rows. */
  *upserts(rows: readonly Row[]): Generator<Buffer> {
    for (const row of rows) {
      const cells = this.#cells(row, this.#options.columns);
      if (cells) yield* this.#record("upsert", cells);
    }
  }

  /** Rows of which only some columns are known. */
  *updates(rows: readonly Row[]): Generator<Buffer> {
    for (const row of rows) {
      const known = this.#options.columns.filter((column) => Object.hasOwn(row, column));
      const cells = this.#cells(row, known);
      if (cells) yield* this.#record("update", cells);
    }
  }

  *deletes(keys: readonly Key[]): Generator<Buffer> {
    const { primaryKey } = this.#options.table;
    for (const key of keys) {
      const row = Object.fromEntries(primaryKey.map((column, index) => [column, key[index]]));
      const cells = this.#cells(row, primaryKey);
      if (cells) yield* this.#record("delete", cells);
    }
  }

  #record(type: RecordType, cells: readonly Cell[]): Generator<Buffer> {
    const { table, buffer } = this.#options;
    return buffer.add(encodeRecord(table.name, type, cells));
  }

  /** The cells of a row; undefined where it cannot be sent, which somebody is told. */
  #cells(row: Row, columns: readonly string[]): readonly Cell[] | undefined {
    const { table } = this.#options;
    const cells: Cell[] = [];
    for (const column of columns) {
      const value = Object.hasOwn(row, column) ? row[column] : undefined;
      const type = table.columns[column];
      if (!type) continue;
      try {
        if (value == null && table.primaryKey.includes(column))
          throw new ValueError("expected a value, as part of the primary key, got none");
        cells.push([column, encodeValue(type, value)]);
      } catch (error) {
        if (!(error instanceof ValueError)) throw error;
        const key = keyText(
          table,
          table.primaryKey.map((name) => row[name]),
        );
        this.#options.onRejected({ key, reason: `column "${column}": ${error.message}` });
        return undefined;
      }
    }
    return cells;
  }
}
