import { plain } from "../json/text-scanner.ts";
import type { ColumnType, Value } from "../core/schema.ts";
import { canonical } from "../core/value.ts";

/** A value of a message, as it was spelled, as the value of a column of this type. */
export function parseValue(type: ColumnType, slice: string): Value {
  if (slice === "null") return null;
  if (type === "json") return slice;
  if (type === "binary") return decodeBase64(slice);
  if (type === "boolean" && (slice === "true" || slice === "false")) return slice === "true";
  if ((type === "integer" || type === "double") && isLossless[type](Number(slice)))
    return Number(slice);
  return plain(slice);
}

/** Bytes of a text in base64; anything else as it is, for the column to refuse. */
function decodeBase64(slice: string): Value {
  const text = plain(slice) ?? "";
  const bytes = Buffer.from(text, "base64");
  const isWhole = bytes.toString("base64").replace(/=+$/, "") === text.replace(/=+$/, "");
  return isWhole ? bytes : text;
}

/** Whether a value that `JSON.parse` made is one that a column of this type takes as it is, and that has lost nothing by being parsed. */
export const isLossless: Readonly<Record<ColumnType, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === "boolean",
  integer: (value) => Number.isSafeInteger(value) && !Object.is(value, -0),
  double: (value) =>
    typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER && value !== 0,
  decimal: isText,
  date: isText,
  timestamp: isText,
  string: isText,
  binary: () => false,
  json: () => false,
};

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/**
 * A value of a column as JSON text on one line: integers with all digits, instants in UTC, bytes in base64, JSON as it is spelled. Throws a
 * ValueError where the column cannot hold it, a SyntaxError where a JSON column holds no JSON.
 */
export function formatValue(type: ColumnType, value: Value): string {
  if (value == null) return "null";
  const known = canonical[type](value);
  if (known instanceof Uint8Array) return JSON.stringify(Buffer.from(known).toString("base64"));
  if (typeof known === "bigint") return known.toString();
  // JSON has no such numbers.
  if (typeof known === "number" && !Number.isFinite(known)) return JSON.stringify(String(known));
  if (Object.is(known, -0)) return "-0";
  return type === "json" ? toSingleLine(String(known)) : JSON.stringify(known);
}

/** Line ends stand between the parts of JSON only, where a space means the same. Halves of characters are escaped: UTF-8 cannot hold them. */
function toSingleLine(text: string): string {
  JSON.parse(text);
  const line = text.replace(/[\r\n]/g, " ");
  if (line.isWellFormed()) return line;
  return line.replace(
    /\p{Surrogate}/gu,
    (half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
