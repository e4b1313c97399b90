import type { ColumnType, Value } from "../core/schema.ts";
import { trimEnd } from "../core/trim-end.ts";
import { canonical } from "../core/value.ts";
import { plain } from "../json/text-scanner.ts";

/** Parses a value's JSON text for a column of this type, without losing digits. */
export function parseValue(type: ColumnType, slice: string): Value {
  if (slice === "null") return null;
  if (type === "json") return slice;
  if (type === "binary") return decodeBase64(slice);
  if (type === "boolean" && (slice === "true" || slice === "false")) return slice === "true";
  if ((type === "integer" || type === "double") && isLossless[type](Number(slice)))
    return Number(slice);
  return plain(slice);
}

/** Decodes base64; returns other text unchanged, for the column to reject. */
function decodeBase64(slice: string): Value {
  const text = plain(slice) ?? "";
  const bytes = Buffer.from(text, "base64");
  const isBase64 = trimEnd(bytes.toString("base64"), "=") === trimEnd(text, "=");
  return isBase64 ? bytes : text;
}

/** Whether a result of `JSON.parse` can be used for a column of this type, with nothing lost. */
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
 * Formats a column's value as JSON text on one line: integers with all digits, large doubles with
 * an exponent, timestamps in UTC, bytes in base64, JSON columns verbatim.
 *
 * @throws ValueError if the column cannot hold it
 * @throws SyntaxError if the value of a JSON column is not JSON
 */
export function formatValue(type: ColumnType, value: Value): string {
  if (value == null) return "null";
  const exact = canonical[type](value);
  if (exact instanceof Uint8Array) return JSON.stringify(Buffer.from(exact).toString("base64"));
  if (typeof exact === "bigint") return exact.toString();
  // JSON has no NaN and no infinities.
  if (typeof exact === "number" && !Number.isFinite(exact)) return JSON.stringify(String(exact));
  if (Object.is(exact, -0)) return "-0";
  // Written as an integer it would promise digits that a double of this size does not have.
  if (typeof exact === "number" && Math.abs(exact) > Number.MAX_SAFE_INTEGER)
    return exact.toExponential();
  return type === "json" ? toSingleLine(String(exact)) : JSON.stringify(exact);
}

/**
 * In valid JSON, line breaks occur only between tokens, where a space is equivalent. Lone
 * surrogates are escaped, because UTF-8 cannot encode them.
 */
function toSingleLine(text: string): string {
  JSON.parse(text);
  const line = text.replace(/[\r\n]/g, " ");
  if (line.isWellFormed()) return line;
  return line.replace(
    /\p{Surrogate}/gu,
    (half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
