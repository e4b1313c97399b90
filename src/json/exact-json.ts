import { randomUUID } from "node:crypto";
import { ExactNumber } from "../core/exact-number.ts";
import { isKeptByParse } from "./json-number.ts";

/**
 * Parses JSON as `JSON.parse` does, but rounds no number: an integer that a number cannot hold
 * becomes a bigint, another such number an ExactNumber.
 *
 * @throws SyntaxError if the text is not JSON
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return mayBeRounded.test(text) ? parseMarked(text) : value;
}

/** Matches what such numbers contain. Also matches inside strings, which only costs time. */
const mayBeRounded = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/**
 * Matches one quote or escape at a time: a pattern of whole strings overflows the stack on long
 * ones.
 */
const quoteOrNumber = /\\.|"|-?\d[\d.eE+-]*/g;

function parseMarked(text: string): unknown {
  // No string of the text begins with it, because nobody can know it before.
  const mark = randomUUID();
  let isInside = false;
  const marked = text.replace(quoteOrNumber, (token) => {
    if (token === '"') isInside = !isInside;
    const isNumber = !isInside && token !== '"' && !token.startsWith("\\");
    return isNumber && !isKeptByParse(token) ? `"${mark}${token}"` : token;
  });
  const root = { value: JSON.parse(marked) as unknown };
  const pending: Record<string, unknown>[] = [root];
  for (let holder = pending.pop(); holder; holder = pending.pop()) {
    for (const [name, value] of Object.entries(holder)) {
      if (typeof value === "string" && value.startsWith(mark))
        holder[name] = exactValue(value.slice(mark.length));
      else if (typeof value === "object" && value !== null)
        pending.push(value as Record<string, unknown>);
    }
  }
  return root.value;
}

function exactValue(text: string): bigint | ExactNumber {
  return /^-?\d{1,1000}$/.test(text) ? BigInt(text) : new ExactNumber(text);
}
