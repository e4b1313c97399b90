import type { Columns } from "../../src/core/schema.ts";

/** A column of each type, by the name of the type. */
export const columnTypes = {
  boolean: "boolean",
  integer: "integer",
  double: "double",
  decimal: "decimal",
  date: "date",
  timestamp: "timestamp",
  string: "string",
  binary: "binary",
  json: "json",
} as const satisfies Columns;
