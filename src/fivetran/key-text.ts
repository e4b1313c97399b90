import type { ColumnType, Key, Table, Value } from "../core/schema.ts";
import { canonical, ValueError } from "../core/value.ts";

/** A value of a key as JSON holds it: an integer that a number cannot hold as its digits. */
export type KeyValue = string | number | boolean | null;

/** Values of columns that rows have in common. */
export type Scope = Readonly<Record<string, KeyValue>>;

/** A key as JSON text, the same whichever way its values were spelled. */
export function keyText({ columns, primaryKey }: Table, key: Key): string {
  return JSON.stringify(
    key.map((value, index) => toKeyValue(columns[primaryKey[index] ?? ""], value)),
  );
}

/** Where rows stand as JSON text; `{}` for a stream as a whole. */
export function scopeText({ columns }: Table, where: Readonly<Record<string, Value>> = {}): string {
  const names = Object.keys(where).sort();
  return JSON.stringify(
    Object.fromEntries(names.map((name) => [name, toKeyValue(columns[name], where[name])])),
  );
}

/** A value in its one form; what its column cannot hold, as it is. */
export function toKeyValue(type: ColumnType = "string", value: Value): KeyValue {
  if (value == null) return null;
  const form = toCanonical(type, value);
  if (typeof form === "bigint") return form.toString();
  return form instanceof Uint8Array ? Buffer.from(form).toString("base64") : form;
}

function toCanonical(type: ColumnType, value: Exclude<Value, null | undefined>) {
  try {
    return canonical[type](value);
  } catch (error) {
    if (error instanceof ValueError) return value;
    throw error;
  }
}
