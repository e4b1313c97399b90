import { RawJson } from "../raw-json.ts";

/** A JSON value, parts of which may be raw text. */
export type Json = null | boolean | number | string | RawJson | readonly Json[] | Members;

/** The members of a JSON object; undefined ones are not sent. */
export interface Members {
  readonly [name: string]: Json | undefined;
}

/** A value as JSON text, with raw parts unchanged. */
export function jsonText(value: Json): string {
  if (value instanceof RawJson) return value.text;
  if (isList(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null) return objectJson(value);
  return JSON.stringify(value);
}

/** An object as JSON text, without its null members, which the server does not send. */
export function entityJson(members: Members): string {
  const present = Object.entries(members).filter(([, value]) => value !== null);
  return objectJson(Object.fromEntries(present));
}

/** A value as text to search or compare: for strings the string itself, even if it is raw JSON. */
export function plainText(value: Json): string {
  const plain: unknown = value instanceof RawJson ? JSON.parse(value.text) : value;
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}

function objectJson(members: Members): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) parts.push(`${JSON.stringify(name)}:${jsonText(value)}`);
  }
  return `{${parts.join(",")}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
