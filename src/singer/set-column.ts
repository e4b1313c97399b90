import type { Value } from "../core/schema.ts";

/** Sets a column, even one named `__proto__`. */
export function setColumn(row: Record<string, Value>, column: string, value: Value): void {
  if (column !== "__proto__") row[column] = value;
  else Object.defineProperty(row, column, { value, enumerable: true });
}
