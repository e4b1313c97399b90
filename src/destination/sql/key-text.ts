import { createHash } from "node:crypto";
import { describedJson } from "../../core/json-text.ts";
import type { Value } from "../../core/schema.ts";

/** A key as JSON text, for quarantine. Integers keep all digits; bytes become base64. */
export function keyText(key: readonly Value[]): string {
  return `[${key.map(valueText).join(",")}]`;
}

/** Shortens a key's text to fit an index. The hash keeps shortened keys distinct. */
export function boundedKey(text: string): string {
  if (text.length <= 500) return text;
  return `${text.slice(0, 400).toWellFormed()}…${createHash("sha256").update(text).digest("hex")}`;
}

/** A complete row as JSON text, for quarantine. */
export function rowText(row: Readonly<Record<string, Value>>): string {
  const members = Object.entries(row)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${valueText(value)}`);
  return `{${members.join(",")}}`;
}

function valueText(value: Value): string {
  if (value == null) return "null";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  return typeof value === "object" ? describedJson(value) : JSON.stringify(value);
}
