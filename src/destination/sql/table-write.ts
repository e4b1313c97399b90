import type { Row } from "../../core/schema.ts";
import type { Sweep } from "../../core/source.ts";
import type { PartialUpdate } from "./partial-updates.ts";
import type { RowValues } from "./row-values.ts";
import type { SqlValue } from "./sql-value.ts";
import type { WritableTable } from "./writable-table.ts";

/** What is written to one table: rows, then updates, then deletes, then the sweep. */
export interface TableWrite {
  readonly writable: WritableTable;
  readonly values: RowValues;
  /** The rows that `values` was encoded from. */
  readonly rows: Row[];
  /** Indexes in `rows` at which a batch begins. */
  readonly batchStarts: number[];
  /** `values` and `rows` without duplicate keys. */
  unique: UniqueRows;
  readonly updates: PartialUpdate[];
  deletes: readonly SqlValue[][];
  sweep: Sweep | undefined;
}

/** Rows without duplicate keys, and their encoded values. */
export interface UniqueRows {
  readonly values: RowValues;
  readonly rows: readonly Row[];
}
