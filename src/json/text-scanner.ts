/**
 * JSON as the service spelled it. `JSON.parse` rounds numbers and cannot show what it read, so pages are checked with it once and then
 * cut into slices of their own text: a `raw` column holds the object to the last digit, and nothing is serialised again.
 *
 * Every function here expects text that `JSON.parse` accepts.
 */
const quote = 34;
const comma = 44;
const backslash = 92;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** The elements of the array at this place, as text; undefined where there is none. */
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

/** What stands for the members of a text that is no object. */
export const emptyMembers: ReadonlyMap<string, string> = new Map();

/** The members of an object by key, as text; undefined where the text is no object. Of a key that stands twice, the last counts. */
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

/** The string that a slice in quotes stands for. */
export function unquote(slice: string): string {
  if (!slice.includes("\\")) return slice.slice(1, -1);
  return JSON.parse(slice) as string;
}

/** What a slice is to a person or a text column: a string without its quotes, null as undefined, all else as it was spelled. */
export function plain(slice: string | undefined): string | undefined {
  if (slice === undefined || slice === "null") return undefined;
  return slice.charCodeAt(0) === quote ? unquote(slice) : slice;
}

/** The next place that is no white space. */
export function skipSpace(text: string, at: number): number {
  let code = text.charCodeAt(at);
  while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++at);
  return at;
}

/** The place after the value that begins here. */
export function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) return endOfString(text, at);
  if (first === openBrace || first === openBracket) return endOfNested(text, at);
  return endOfScalar(text, at);
}

/** The place after the string that begins here. */
export function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

/** Whether an odd number of backslashes stands before this place. */
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
    // Space and control characters, comma, closing brackets, or NaN past the end of the text.
    if (!(code > 32) || code === comma || code === closeBrace || code === closeBracket) return at;
    at += 1;
  }
}
