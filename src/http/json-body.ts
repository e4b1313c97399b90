import { HttpError } from "./http-error.ts";

/** What a JSON body stands for. Anything else may pass: an answer that was cut, or the page of a proxy. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const isCut = /^\s*[{["\d-]/.test(text);
    throw new HttpError(isCut ? "broken" : "content", `expected JSON, got ${describe(text)}`);
  }
}

function describe(text: string): string {
  const start = text.trimStart();
  if (start === "") return "an empty body";
  if (start.startsWith("<")) return "HTML";
  return /^[{["\d-]/.test(start) ? "a body that is cut or broken" : "other text";
}
