import type { QueryColumn, QueryValue } from "../../core/query.ts";

/** A value as text; bytes in hexadecimal, NULL as nothing. */
export function valueText(value: QueryValue): string {
  if (value === null) return "";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The number in JSON: any that Postgres or SQLite write, except NaN and the infinities. */
const jsonNumber = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** A value as JSON; bytes in base64, and whole numbers with all their digits. */
export function valueJson(value: QueryValue, { texts }: QueryColumn): string {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString("base64")}"`;
  if (typeof value === "string") {
    // Between its tokens, JSON may have line breaks, which would end a line of --nl.
    if (texts === "json") return value.replaceAll(/[\r\n]+\s*/g, "");
    return texts === "numbers" && jsonNumber.test(value) ? value : JSON.stringify(value);
  }
  if (typeof value === "boolean") return String(value);
  const text = valueText(value);
  return jsonNumber.test(text) ? text : JSON.stringify(text);
}

/** Names of columns as keys of JSON: one that comes again gets a number, so that none is lost. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const unique = new Set<string>();
  for (const name of names) {
    let candidate = name;
    for (let n = 2; unique.has(candidate) || (n > 2 && names.includes(candidate)); n += 1)
      candidate = `${name}_${n}`;
    unique.add(candidate);
  }
  return [...unique];
}
