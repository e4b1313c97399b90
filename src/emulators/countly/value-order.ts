import { RawJson } from "../raw-json.ts";
import { documentJson, isList } from "./document.ts";
import type { Value } from "./document.ts";

/** The types of values in MongoDB's sort order. */
const typeOrder = ["null", "number", "string", "object", "array", "bool", "date"] as const;

/** The name of a value's type, as in `$type`. */
export function typeName(value: Value): (typeof typeOrder)[number] {
  const unwrapped = unwrapRaw(value);
  if (unwrapped === null) return "null";
  if (unwrapped instanceof Date) return "date";
  if (isList(unwrapped)) return "array";
  if (typeof unwrapped === "boolean") return "bool";
  if (typeof unwrapped === "number") return "number";
  return typeof unwrapped === "string" ? "string" : "object";
}

/** Whether MongoDB compares these values; those of different types never match a condition. */
export function isSameType(a: Value, b: Value): boolean {
  return typeName(a) === typeName(b);
}

/** Negative if `a` sorts before `b` in MongoDB. A missing value sorts as null. */
export function compareValues(a: Value | undefined, b: Value | undefined): number {
  const [left, right] = [unwrapRaw(a ?? null), unwrapRaw(b ?? null)];
  const byType = typeOrder.indexOf(typeName(left)) - typeOrder.indexOf(typeName(right));
  if (byType !== 0) return byType;
  const [x, y] = [sortKey(left), sortKey(right)];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

function sortKey(value: Value): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  if (value instanceof Date) return value.getTime();
  return typeof value === "boolean" ? Number(value) : documentJson(value);
}

/** Parses raw JSON, which may round its numbers; returns any other value unchanged. */
function unwrapRaw(value: Value): Value {
  if (!(value instanceof RawJson)) return value;
  return JSON.parse(value.text) as Value;
}
