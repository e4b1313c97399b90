import type { Row } from "../../core/schema.ts";
import type { Sweep } from "../../core/source.ts";
import type { PartialUpdate } from "./partial-updates.ts";
import type { RowValues } from "./row-values.ts";
import type { SqlValue } from "./sql-value.ts";
import type { WritableTable } from "./writable-table.ts";

/** Rows of one table that are stored together, and what is marked as deleted after them. */
export interface TableWrite {
  readonly writable: WritableTable;
  readonly values: RowValues;
  /** What `values` was made from. */
  readonly rows: Row[];
  /** Where in `rows` each batch begins. */
  readonly batchStarts: number[];
  /** What of `values` and `rows` is stored. */
  unique: UniqueRows;
  /** Changes of rows that are there, after `rows`. */
  readonly updates: PartialUpdate[];
  deletes: readonly SqlValue[][];
  sweep: Sweep | undefined;
}

/** Rows no two of which have the same key, and their values. */
export interface UniqueRows {
  readonly values: RowValues;
  readonly rows: readonly Row[];
}
