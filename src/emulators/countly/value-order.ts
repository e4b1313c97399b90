import { RawJson } from "../raw-json.ts";
import { documentJson, isList } from "./document.ts";
import type { Value } from "./document.ts";

/** The types of values, in the order in which MongoDB sorts them. */
const typeOrder = ["null", "number", "string", "object", "array", "bool", "date"] as const;

/** The name of a value's type, as `$type` takes it. */
export function typeName(value: Value): (typeof typeOrder)[number] {
  const known = unwrapRaw(value);
  if (known === null) return "null";
  if (known instanceof Date) return "date";
  if (isList(known)) return "array";
  if (typeof known === "boolean") return "bool";
  if (typeof known === "number") return "number";
  return typeof known === "string" ? "string" : "object";
}

export function isSameType(a: Value, b: Value): boolean {
  return typeName(a) === typeName(b);
}

/** Less than 0 where `a` sorts before `b`. What is not there sorts as null. */
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

/** What raw JSON says, which may be less exact than its text; any other value is itself. */
function unwrapRaw(value: Value): Value {
  if (!(value instanceof RawJson)) return value;
  return JSON.parse(value.text) as Value;
}
