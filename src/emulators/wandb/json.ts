import { RawJson } from "../raw-json.ts";

/** What a user logs. */
export type Json = null | boolean | number | bigint | string | RawJson | readonly Json[] | Members;

export interface Members {
  readonly [name: string]: Json;
}

/** How NaN and the infinities are spelled: as Python writes them, as the scalar JSON carries them, or not at all. */
export type NonFiniteFormat = "bare" | "quoted" | "null";

/** A value as JSON text, raw parts as they are spelled. */
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

/** JSON text whose bare NaN and infinities are spelled in another way. */
export function respellNonFinite(text: string, nonFinite: NonFiniteFormat): string {
  if (nonFinite === "bare" || !/NaN|Infinity/.test(text)) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (token) => {
    if (token.startsWith('"')) return token;
    return nonFinite === "null" ? "null" : `"${token}"`;
  });
}

/** What JSON text says, with NaN and the infinities as strings. */
export function parseJson(text: string): unknown {
  return JSON.parse(respellNonFinite(text, "quoted"));
}

/** An object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an object of further values. */
export function isMembers(value: Json): value is Members {
  return isRecord(value) && !(value instanceof RawJson);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
