import { HttpError } from "./http-error.ts";

/**
 * Parses a JSON body. Throws a transient HttpError for anything else: it may be a truncated
 * response or the page of a proxy.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const isBroken = /^\s*[{["\d-]/.test(text);
    throw new HttpError(isBroken ? "broken" : "content", `expected JSON, got ${describe(text)}`);
  }
}

function describe(text: string): string {
  const start = text.trimStart();
  if (start === "") return "an empty body";
  if (start.startsWith("<")) return "HTML";
  return /^[{["\d-]/.test(start) ? "truncated or invalid JSON" : "other text";
}
