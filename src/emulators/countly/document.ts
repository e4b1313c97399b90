import { RawJson } from "../raw-json.ts";

/** What a document of the database can hold. Raw JSON is sent as it is spelled, even where `JSON.parse` would round it. */
export type Value = null | boolean | number | string | Date | RawJson | readonly Value[] | Document;

/** A document of the database; members that are undefined are not there. */
export interface Document {
  readonly [name: string]: Value | undefined;
}

/** A document with the key that every one has. */
export interface Identified extends Document {
  readonly _id: string;
}

export function isDocument(value: Value | undefined): value is Document {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof RawJson) &&
    !isList(value)
  );
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** How a date is written: as ISO 8601 text, as `JSON.stringify` does, or as EJSON's `{"$date":…}`. */
export type DateFormat = "iso" | "ejson";

/** A value as JSON text, raw parts as they are spelled. */
export function documentJson(value: Value, dates: DateFormat = "iso"): string {
  return dates === "iso" && !hasRawJson(value) ? JSON.stringify(value) : serialize(value, dates);
}

/** Without raw parts the text is what `JSON.stringify` makes of it, many times faster. */
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
    // EJSON leaves out milliseconds that are zero.
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
