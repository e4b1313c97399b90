import { isDocument, isList } from "./document.ts";
import type { Document, Value } from "./document.ts";

/**
 * What `common.returnOutput` makes of an answer: the names and the strings in it, at any depth, with `& < > " '` as HTML entities. A string
 * that is itself the JSON of an object or a list is read, escaped inside, and written again; its own quotes stay.
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
 * From the first character that needs it, all are escaped; an `&` that begins an entity does not need it. So `a &amp; b` is sent for itself and
 * for `a & b`, and nobody can tell them apart.
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
