import type { Key, Row, Table } from "../core/schema.ts";
import type { Rejected } from "../core/source.ts";
import { ValueError } from "../core/value-error.ts";
import { keyText } from "./key-text.ts";
import type { RecordBuffer } from "./record-buffer.ts";
import { encodeValue } from "./values.ts";
import { type Cell, encodeRecord, type RecordType } from "./wire.ts";

interface TableResponsesOptions {
  readonly table: Table;
  /** The selected columns. */
  readonly columns: readonly string[];
  /** Shared by all tables. */
  readonly buffer: RecordBuffer;
  /** Called for each row that cannot be sent. */
  readonly onRejected: (rejected: Pick<Rejected, "key" | "reason">) => void;
}

/** Encodes the changes of one table as records, and yields the responses that are full. */
export class TableResponses {
  readonly #options: TableResponsesOptions;

  constructor(options: TableResponsesOptions) {
    this.#options = options;
  }

  /** Marks all rows of the table as deleted. */
  *truncate(): Generator<Buffer> {
    const { table, buffer } = this.#options;
    yield* buffer.add(encodeRecord(table.name, "truncate"));
  }

  /** Inserts or replaces rows. */
  *upserts(rows: readonly Row[]): Generator<Buffer> {
    for (const row of rows) {
      const cells = this.#cells(row, this.#options.columns);
      if (cells) yield* this.#record("upsert", cells);
    }
  }

  /** Changes some columns of existing rows. */
  *updates(rows: readonly Row[]): Generator<Buffer> {
    for (const row of rows) {
      const present = this.#options.columns.filter((column) => Object.hasOwn(row, column));
      const cells = this.#cells(row, present);
      if (cells) yield* this.#record("update", cells);
    }
  }

  /** Marks rows as deleted. */
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

  /** The cells of a row; undefined after `onRejected` if it cannot be sent. */
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
