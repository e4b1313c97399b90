import type { Document } from "./document.ts";
import { parseQuery } from "./mongo-query.ts";

/** Parses an integer as `Number.parseInt` does; 0 if there is none. */
export function parseInteger(text: string | undefined): number {
  const number = Number.parseInt(text ?? "", 10);
  return Number.isNaN(number) ? 0 : number;
}

/** Parses a JSON object; like the server, takes missing or invalid JSON for an empty object. */
export function parseObjectLeniently(
  text: string | undefined,
  parse: (text: string) => Document = parseQuery,
): Document {
  if (!text) return {};
  try {
    return parse(text);
  } catch {
    return {};
  }
}
