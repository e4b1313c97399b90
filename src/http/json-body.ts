import { parseExactJson } from "../json/exact-json.ts";
import { HttpError } from "./http-error.ts";

/**
 * Parses a JSON body without rounding its numbers. Throws a transient HttpError for anything else:
 * it may be a truncated response or the page of a proxy.
 */
export function parseJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    const { kind, content } = describe(text.trimStart());
    throw new HttpError(kind, `expected JSON, got ${content}`);
  }
}

interface Description {
  readonly kind: "broken" | "content" | "html";
  readonly content: string;
}

function describe(text: string): Description {
  if (text === "") return { kind: "content", content: "an empty body" };
  if (text.startsWith("<")) return { kind: "html", content: "HTML" };
  if (/^[{["\d-]/.test(text)) return { kind: "broken", content: "truncated or invalid JSON" };
  return { kind: "content", content: "other text" };
}
