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

/** Longer texts are too long for databases, once escaped and in UTF-8. */
const maxLength = 2 ** 27;

/** Longer texts are too long for V8 if each character has to be escaped (`\u0001`). */
const maxValueLength = 2 ** 26;

/** A row as JSON text. */
interface RowText {
  /** Complete, unless `cutFrom` says how many characters the row has. */
  readonly text: string;
  readonly cutFrom?: number;
}

/** A row as JSON text, for quarantine; cut if it is longer than databases can store. */
export function rowText(row: Readonly<Record<string, Value>>): RowText {
  let text = "";
  let characters = 0;
  let isCut = false;
  for (const [name, value] of Object.entries(row)) {
    if (value === undefined) continue;
    const long = typeof value === "string" && value.length > maxValueLength ? value : undefined;
    const kept = valueText(long?.slice(0, maxValueLength) ?? value);
    const member = `${text === "" ? "{" : ","}${JSON.stringify(name)}:${kept}`;
    characters += long?.length ?? member.length;
    isCut ||= long !== undefined || text.length + member.length > maxLength;
    text += member.slice(0, maxLength - text.length);
  }
  return isCut ? { text: `${text}…`, cutFrom: characters } : { text: `${text || "{"}}` };
}

function valueText(value: Value): string {
  if (value == null) return "null";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  return typeof value === "object" ? describedJson(value) : JSON.stringify(value);
}
