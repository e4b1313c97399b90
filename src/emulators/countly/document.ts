import { RawJson } from "../raw-json.ts";

/** A value in a document. Raw JSON is sent unchanged, even if `JSON.parse` would round it. */
export type Value = null | boolean | number | string | Date | RawJson | readonly Value[] | Document;

/** A MongoDB document; undefined members do not exist. */
export interface Document {
  readonly [name: string]: Value | undefined;
}

/** A document with its `_id`. */
export interface Identified extends Document {
  readonly _id: string;
}

/** True for an object that is neither a list, a date nor raw JSON. */
export function isDocument(value: Value | undefined): value is Document {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof RawJson) &&
    !isList(value)
  );
}

/** True for an array. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** How dates are written: as ISO 8601 text, or as EJSON's `{"$date":…}`. */
type DateFormat = "iso" | "ejson";

/** A value as JSON text, with raw parts unchanged. */
export function documentJson(value: Value, dates: DateFormat = "iso"): string {
  return dates === "iso" && !hasRawJson(value) ? JSON.stringify(value) : serialize(value, dates);
}

/** Values without raw parts can go through `JSON.stringify`, which is many times faster. */
function hasRawJson(value: Value | undefined): boolean {
  if (typeof value !== "object" || value === null || value instanceof Date) return false;
  if (value instanceof RawJson) return true;
  if (isList(value)) return value.some(hasRawJson);
  for (const name in value) if (hasRawJson(value[name])) return true;
  return false;
}

function serialize(value: Value, dates: DateFormat): string {
  if (value instanceof RawJson) return value.text;
  if (value instanceof Date) {
    const text = value.toISOString();
    // EJSON omits zero milliseconds.
    return JSON.stringify(dates === "iso" ? text : { $date: text.replace(".000Z", "Z") });
  }
  if (isList(value)) return `[${value.map((item) => serialize(item, dates)).join(",")}]`;
  if (!isDocument(value)) return JSON.stringify(value);
  const parts: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) parts.push(`${JSON.stringify(name)}:${serialize(member, dates)}`);
  }
  return `{${parts.join(",")}}`;
}
