/**
 * Escapes what databases cannot store in text: U+0000 and lone surrogates become `\u0000`,
 * `\ud800`. A run of backslashes before such a character, or before text that looks like such an
 * escape, is doubled. So an odd run begins an escape, an even run is followed by plain text, and
 * `unescapeUnstorable` restores the original. An escaped surrogate pair (`\ud83d\ude00`), as
 * programs that write ASCII produce, is never a lone surrogate and stays as it is.
 */
export function escapeUnstorable(text: string): string {
  if (!needsEscaping(text)) return text;
  return replaceMatches(text, {
    lowHalfRun: runParity,
    replace: ({ run, found }) =>
      "\\".repeat(run * 2) + (found.length === 1 ? `\\${unicodeEscape(found)}` : found),
  });
}

/** Restores the text that `escapeUnstorable` was given. */
export function unescapeUnstorable(text: string): string {
  if (!text.includes("\\u")) return text;
  return replaceMatches(text, {
    lowHalfRun: runParity,
    replace: ({ run, found }) => {
      const half = "\\".repeat(Math.floor(run / 2));
      return run % 2 === 0
        ? half + found
        : half + String.fromCharCode(parseInt(found.slice(1), 16));
    },
  });
}

/** Escapes lone surrogates, which UTF-8 cannot hold, in JSON text. Its meaning stays the same. */
export function escapeLoneSurrogates(json: string): string {
  if (json.isWellFormed()) return json;
  return json.replace(/\p{Surrogate}/gu, (found) => `\\${unicodeEscape(found)}`);
}

/**
 * Escapes JSON text so that each string in it is one that `unescapeUnstorable` restores. For JSON
 * types that refuse `\u0000` and lone surrogates even as escapes (Postgres jsonb).
 */
export function escapeUnstorableJson(json: string): string {
  const text = escapeLoneSurrogates(json);
  if (!needsEscaping(text)) return text;
  return replaceMatches(text, {
    lowHalfRun: (run) => runParity(run) || (run % 4 === 2 ? 2 : 0),
    replace: ({ run, found }) => "\\".repeat(run * 2) + found,
  });
}

interface EscapeMatch {
  /** The number of backslashes before it. */
  readonly run: number;
  /** The character itself, or `u` and four hexadecimal digits. */
  readonly found: string;
}

interface Replacement {
  /**
   * Number of backslashes before the low half of a surrogate pair whose high half has `run`
   * of them; 0 if they cannot form a pair.
   */
  readonly lowHalfRun: (run: number) => number;
  readonly replace: (match: EscapeMatch) => string;
}

const escapable = /[\0\p{Surrogate}]|u(?:0000|d[89a-f][0-9a-f]{2})/giu;
const escapedSequence = /\\u(?:0000|d[89a-f])/i;

function needsEscaping(text: string): boolean {
  if (text.includes("\0") || !text.isWellFormed()) return true;
  return text.includes("\\u") && escapedSequence.test(text);
}

/**
 * Replaces each match and the backslashes before it. Looks back for them instead of matching them,
 * to stay linear in long runs.
 */
function replaceMatches(text: string, { lowHalfRun, replace }: Replacement): string {
  const parts: string[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(escapable)) {
    if (index < end) continue;
    let start = index;
    while (start > end && text[start - 1] === "\\") start -= 1;
    const run = index - start;
    const pairLength = surrogatePairLength(text.slice(index, index + 12), lowHalfRun(run));
    parts.push(text.slice(end, pairLength > 0 ? index + pairLength : start));
    if (pairLength === 0) parts.push(replace({ run, found }));
    end = index + (pairLength || found.length);
  }
  parts.push(text.slice(end));
  return parts.join("");
}

function runParity(run: number): number {
  return run % 2;
}

/** The length of the escaped surrogate pair that the text begins with; 0 if there is none. */
function surrogatePairLength(text: string, backslashes: number): number {
  const halves = /^ud[89ab][0-9a-f]{2}(\\+)ud[c-f][0-9a-f]{2}/i.exec(text);
  return halves && backslashes > 0 && halves[1]?.length === backslashes ? halves[0].length : 0;
}

function unicodeEscape(character: string): string {
  return `u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
