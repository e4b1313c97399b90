import type { PreparedTable } from "./dialect.ts";
import type { Encoder } from "./row-encoder.ts";

/** A table that a session may write to. */
export interface WritableTable {
  readonly table: PreparedTable;
  readonly encoder: Encoder;
  /** Integer columns that cannot become doubles. */
  readonly unwidenable: ReadonlySet<string>;
}
