import { describedJson } from "../core/json-text.ts";
import type {
  CanonicalValue,
  ColumnType,
  Key,
  PresentValue,
  Table,
  Value,
} from "../core/schema.ts";
import { canonical } from "../core/value.ts";
import { ValueError } from "../core/value-error.ts";

/** A key value in JSON; an integer that a double cannot represent is a string. */
export type KeyValue = string | number | boolean | null;

/** Column values that rows have in common; see `Batch.where`. */
export type Scope = Readonly<Record<string, KeyValue>>;

/** Formats a key as JSON text, independently of how its values were spelled. */
export function keyText({ columns, primaryKey }: Table, key: Key): string {
  return JSON.stringify(
    key.map((value, index) => toKeyValue(columns[primaryKey[index] ?? ""], value)),
  );
}

/** Formats a scope as JSON text; `{}` for the whole stream. */
export function scopeText({ columns }: Table, where: Readonly<Record<string, Value>> = {}): string {
  const names = Object.keys(where).sort();
  return JSON.stringify(
    Object.fromEntries(names.map((name) => [name, toKeyValue(columns[name], where[name])])),
  );
}

/** The canonical form of a value; unchanged if its column cannot hold it. */
export function toKeyValue(type: ColumnType = "string", value: Value): KeyValue {
  if (value == null) return null;
  const exact = toCanonical(type, value);
  if (typeof exact === "bigint") return exact.toString();
  return exact instanceof Uint8Array ? Buffer.from(exact).toString("base64") : exact;
}

function toCanonical(type: ColumnType, value: PresentValue): CanonicalValue {
  try {
    return canonical[type](value);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const isObject = typeof value === "object" && !(value instanceof Uint8Array);
    return isObject ? describedJson(value) : value;
  }
}
