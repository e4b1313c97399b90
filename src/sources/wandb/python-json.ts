/** JSON text, and what `JSON.parse` makes of it. */
export interface ParsedJson {
  readonly text: string;
  readonly value: unknown;
}

/**
 * Reads JSON as Python writes it: with bare `NaN`, `Infinity` and `-Infinity`, which become strings of these letters.
 * Undefined where it is no JSON even then. The text that comes back is the one that was given, as far as that is JSON.
 */
export function pythonJson(text: string): ParsedJson | undefined {
  const value = parsed(text);
  if (value !== undefined) return { text, value };
  const quoted = text.replace(stringOrNumber, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  const again = parsed(quoted);
  return again === undefined ? undefined : { text: quoted, value: again };
}

const stringOrNumber = /"(?:[^"\\]+|\\.)*"|-?Infinity|NaN/g;

/** JSON has no undefined, so that it can stand for text that is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
