import type { Document } from "./document.ts";
import { parseQuery } from "./mongo-query.ts";

/** A number as `parseInt` reads it; 0 where there is none. */
export function parseInteger(text: string | undefined): number {
  const number = Number.parseInt(text ?? "", 10);
  return Number.isNaN(number) ? 0 : number;
}

/** A JSON object; an empty one where the text is not there or no JSON, which the server says nothing about. */
export function parseObjectLeniently(
  text: string | undefined,
  read: (text: string) => Document = parseQuery,
): Document {
  if (!text) return {};
  try {
    return read(text);
  } catch {
    return {};
  }
}
