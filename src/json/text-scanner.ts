// `JSON.parse` rounds numbers and does not keep the text, so validated JSON is cut into slices of
// its own text instead: a `raw` column keeps every digit, and nothing is serialised again. All
// functions expect text that `JSON.parse` accepts.

const quote = 34;
const comma = 44;
const backslash = 92;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** The elements of the array at this offset, as JSON text; undefined for any other value. */
export function elements(text: string, start = 0): string[] | undefined {
  let at = skipSpace(text, start);
  if (text.charCodeAt(at) !== openBracket) return undefined;
  const slices: string[] = [];
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) !== closeBracket) {
    const end = endOfValue(text, at);
    slices.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
  return slices;
}

/** Shared empty map for values that are not objects. */
export const emptyMembers: ReadonlyMap<string, string> = new Map();

/**
 * The members of an object by name, as JSON text; undefined for any other value. Of duplicate
 * names, the last wins.
 */
export function members(text: string): Map<string, string> | undefined {
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== openBrace) return undefined;
  const slices = new Map<string, string>();
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) !== closeBrace) {
    const endOfKey = endOfString(text, at);
    const key = unquote(text.slice(at, endOfKey));
    const start = skipSpace(text, skipSpace(text, endOfKey) + 1);
    const end = endOfValue(text, start);
    slices.set(key, text.slice(start, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
  return slices;
}

/** The value of a JSON string. */
export function unquote(slice: string): string {
  if (!slice.includes("\\")) return slice.slice(1, -1);
  return JSON.parse(slice) as string;
}

/** A JSON value as text: a string unquoted, null as undefined, anything else unchanged. */
export function plain(slice: string | undefined): string | undefined {
  if (slice === undefined || slice === "null") return undefined;
  return slice.charCodeAt(0) === quote ? unquote(slice) : slice;
}

/**
 * The text of an id: a string or a number. Undefined for anything else: what a service sends by
 * mistake must not become the key of a row.
 */
export function idText(slice: string | undefined): string | undefined {
  return slice === undefined || /^[[{tfn]/.test(slice) ? undefined : plain(slice);
}

/** The offset of the next character that is not white space. */
export function skipSpace(text: string, at: number): number {
  let code = text.charCodeAt(at);
  while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++at);
  return at;
}

/** The offset after the value that starts at this offset. */
export function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) return endOfString(text, at);
  if (first === openBrace || first === openBracket) return endOfNested(text, at);
  return endOfScalar(text, at);
}

/** The offset after the string that starts at this offset. */
export function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

/** Whether an odd number of backslashes precedes this offset. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === backslash) before -= 1;
  return (at - before) % 2 === 1;
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at);
      continue;
    }
    if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
}

function endOfScalar(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    // White space, comma, closing bracket, or NaN after the end of the text.
    if (!(code > 32) || code === comma || code === closeBrace || code === closeBracket) return at;
    at += 1;
  }
}
