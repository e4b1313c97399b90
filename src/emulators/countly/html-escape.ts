import { isDocument, isList } from "./document.ts";
import type { Document, Value } from "./document.ts";

/**
 * Escapes a response as Countly's `common.returnOutput` does: in all names and strings, at any
 * depth, `& < > " '` become HTML entities. A string that is itself the JSON of an object or array
 * is parsed, escaped inside and serialized again; its own quotes stay.
 */
export function escapeValue(value: Value): Value {
  if (typeof value === "string") return escapeString(value);
  if (isList(value)) return value.map(escapeValue);
  if (!isDocument(value)) return value;
  const entries = Object.entries(value).map(
    ([name, member]) =>
      [escapeText(name), member === undefined ? member : escapeValue(member)] as const,
  );
  return Object.fromEntries(entries) satisfies Document;
}

function escapeString(text: string): string {
  if (!/^\s*[[{]/.test(text)) return escapeText(text);
  try {
    const inner: unknown = JSON.parse(text);
    return JSON.stringify(escapeValue(inner as Value));
  } catch {
    return escapeText(text);
  }
}

/**
 * Escapes everything from the first character that needs it; an `&` that begins an entity does not.
 * So `a &amp; b` and `a & b` are both sent as `a &amp; b`.
 */
function escapeText(text: string): string {
  const start = text.search(/["'<>]|&(?!amp;|quot;|#39;|lt;|gt;|#46;|#36;)/);
  if (start < 0) return text;
  const rest = text
    .slice(start)
    .replace(/[&<>"']/g, (character) => entities[character] ?? character);
  return text.slice(0, start) + rest;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
