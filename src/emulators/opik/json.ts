import { RawJson } from "../raw-json.ts";

export type Json = null | boolean | number | string | RawJson | readonly Json[] | Members;

/** The members of an object; those that are undefined are not sent. */
export interface Members {
  readonly [name: string]: Json | undefined;
}

/** A value as JSON text, raw parts as they are spelled. */
export function jsonText(value: Json): string {
  if (value instanceof RawJson) return value.text;
  if (isList(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null) return objectJson(value);
  return JSON.stringify(value);
}

/** An object of the service as JSON text: the service leaves members out whose value is null. */
export function entityJson(members: Members): string {
  const present = Object.entries(members).filter(([, value]) => value !== null);
  return objectJson(Object.fromEntries(present));
}

/** A value as text to search or compare: a raw string without its quotes and escapes. */
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
