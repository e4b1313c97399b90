/** JSON text, and what `JSON.parse` makes of it. */
export interface ParsedJson {
  readonly text: string;
  readonly value: unknown;
}

/**
 * Reads JSON as Python writes it: with bare `NaN`, `Infinity` and `-Infinity`, which become strings of these letters.
 * Undefined where it is no JSON even then. The text that comes back is the one that was given, as far as that is JSON.
 */
export function parsePythonJson(text: string): ParsedJson | undefined {
  const value = tryParse(text);
  if (value !== undefined) return { text, value };
  const strict = quoteBareValues(text);
  const again = tryParse(strict);
  return again === undefined ? undefined : { text: strict, value: again };
}

/** A pattern of whole strings would run out of stack on long ones. */
const quoteOrBareValue = /\\.|"|-?Infinity|NaN/g;

function quoteBareValues(text: string): string {
  let isInside = false;
  return text.replace(quoteOrBareValue, (token) => {
    if (token === '"') isInside = !isInside;
    return isInside || token === '"' || token.startsWith("\\") ? token : `"${token}"`;
  });
}

/** JSON has no undefined, so that it can stand for text that is none. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
