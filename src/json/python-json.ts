/** JSON text, and its parsed value. */
interface ParsedJson {
  readonly text: string;
  readonly value: unknown;
}

/**
 * Parses JSON as Python writes it: bare `NaN`, `Infinity` and `-Infinity` become strings. Valid
 * JSON is returned as it is. Undefined if the text is not JSON even then.
 */
export function parsePythonJson(text: string): ParsedJson | undefined {
  const value = tryParse(text);
  if (value !== undefined) return { text, value };
  const strictText = quoteBareValues(text);
  const strictValue = tryParse(strictText);
  return strictValue === undefined ? undefined : { text: strictText, value: strictValue };
}

/**
 * Matches one quote or escape at a time: a pattern of whole strings overflows the stack on long
 * ones.
 */
const quoteOrBareValue = /\\.|"|-?Infinity|NaN/g;

function quoteBareValues(text: string): string {
  let isInside = false;
  return text.replace(quoteOrBareValue, (token) => {
    if (token === '"') isInside = !isInside;
    return isInside || token === '"' || token.startsWith("\\") ? token : `"${token}"`;
  });
}

/** Undefined if the text is not JSON; no JSON text has the value undefined. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
