import { RawJson } from "../raw-json.ts";

/** A value that a user logs. */
export type Json = null | boolean | number | bigint | string | RawJson | readonly Json[] | Members;

/** The members of a JSON object. */
export interface Members {
  readonly [name: string]: Json;
}

/**
 * How NaN and the infinities are written: bare as in Python, as strings, as null, or, as the SDK
 * writes configurations, NaN as null and the infinities bare.
 */
export type NonFiniteFormat = "bare" | "quoted" | "null" | "bare but null for NaN";

/** A value as JSON text, with raw parts unchanged except for NaN and the infinities. */
export function jsonText(value: Json, nonFinite: NonFiniteFormat = "bare"): string {
  if (value instanceof RawJson) return respellNonFinite(value.text, nonFinite);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) {
    return respellNonFinite(String(value), nonFinite);
  }
  if (isList(value)) return `[${value.map((item) => jsonText(item, nonFinite)).join(",")}]`;
  if (!isMembers(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${jsonText(member, nonFinite)}`,
  );
  return `{${members.join(",")}}`;
}

/** Rewrites bare NaN and infinities in JSON text. */
function respellNonFinite(text: string, nonFinite: NonFiniteFormat): string {
  if (nonFinite === "bare" || !/NaN|Infinity/.test(text)) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (token) => {
    if (token.startsWith('"')) return token;
    if (nonFinite === "quoted") return `"${token}"`;
    return nonFinite === "null" || token === "NaN" ? "null" : token;
  });
}

/** Parses JSON text, with NaN and the infinities as strings. */
export function parseJson(text: string): unknown {
  return JSON.parse(respellNonFinite(text, "quoted"));
}

/** JSON text in which the integers that `JSON.parse` would round are strings. */
export function quoteLargeIntegers(text: string, prefix = ""): string {
  if (!/\d{16}/.test(text)) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `"${prefix}${token}"` : token,
  );
}

/** The same with marked strings, which `unmarkLargeIntegers` turns back. */
export function markLargeIntegers(text: string): string {
  return quoteLargeIntegers(text, String.raw`\u0000`);
}

/** A value that `unmarkLargeIntegers` writes as a bare integer. */
export function exactInteger(integer: number | bigint): number | string {
  return typeof integer === "number" ? integer : `\0${integer}`;
}

/** JSON text with marked integers as bare ones. */
export function unmarkLargeIntegers(text: string): string {
  return text.includes(`"\\u0000`) ? text.replace(/"\\u0000(-?\d+)"/g, "$1") : text;
}

/** True for an object that is not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a JSON object that is not raw text. */
export function isMembers(value: Json): value is Members {
  return isRecord(value) && !(value instanceof RawJson);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
