import type { PreparedTable } from "./dialect.ts";
import type { Encoder } from "./row-encoder.ts";

/** A table that a session may write to. */
export interface WritableTable {
  readonly table: PreparedTable;
  readonly encoder: Encoder;
  /** Names of integer columns that cannot be widened to double. */
  readonly unwidenable: ReadonlySet<string>;
}
