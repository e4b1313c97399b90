/**
 * Text that a database can hold, for any text. U+0000 and lone surrogates become six characters, as JSON spells them (`\u0000`,
 * `\ud800`); a run of backslashes before such a place, or before what only looks like one, is doubled. So an odd run is the character, an
 * even run the letters themselves, and `unspell` gets back what was. Two halves of one character (`\ud83d\ude00`), as programs
 * that write ASCII spell it, never stand for lone surrogates and stay as they are.
 */
export function escapeUnstorable(text: string): string {
  if (!needsEscaping(text)) return text;
  return replaceMatches(text, {
    lowHalfAfter: isOddRun,
    replace: ({ run, found }) =>
      "\\".repeat(run * 2) + (found.length === 1 ? `\\${unicodeEscape(found)}` : found),
  });
}

/** The text that `spellOut` was given. */
export function unescapeUnstorable(text: string): string {
  if (!text.includes("\\u")) return text;
  return replaceMatches(text, {
    lowHalfAfter: isOddRun,
    replace: ({ run, found }) => {
      const half = "\\".repeat(Math.floor(run / 2));
      return run % 2 === 0
        ? half + found
        : half + String.fromCharCode(parseInt(found.slice(1), 16));
    },
  });
}

/** JSON text whose lone surrogates, which UTF-8 cannot hold, are escaped. It means the same. */
export function escapeLoneSurrogates(json: string): string {
  if (json.isWellFormed()) return json;
  return json.replace(/\p{Surrogate}/gu, (found) => `\\${unicodeEscape(found)}`);
}

/**
 * JSON text of which each string is one that `unspell` takes: for databases whose JSON type refuses `\u0000` and lone surrogates even
 * where they are escaped.
 */
export function escapeUnstorableJson(json: string): string {
  const text = escapeLoneSurrogates(json);
  if (!needsEscaping(text)) return text;
  return replaceMatches(text, {
    lowHalfAfter: (run) => isOddRun(run) || (run % 4 === 2 ? 2 : 0),
    replace: ({ run, found }) => "\\".repeat(run * 2) + found,
  });
}

interface EscapeMatch {
  /** How many backslashes stand before it. */
  readonly run: number;
  /** The character itself, or `u` and four digits. */
  readonly found: string;
}

interface Replacement {
  /** After how many backslashes the second half of a character follows a first half that has this run before it; 0: it is none. */
  readonly lowHalfAfter: (run: number) => number;
  readonly replace: (place: EscapeMatch) => string;
}

const escapable = /[\0\p{Surrogate}]|u(?:0000|d[89a-f][0-9a-f]{2})/giu;
const escapedSequence = /\\u(?:0000|d[89a-f])/i;

function needsEscaping(text: string): boolean {
  if (text.includes("\0") || !text.isWellFormed()) return true;
  return text.includes("\\u") && escapedSequence.test(text);
}

/** Replaces each place together with the backslashes before it; looks back rather than match them, to stay linear in long runs. */
function replaceMatches(text: string, { lowHalfAfter, replace }: Replacement): string {
  const parts: string[] = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(escapable)) {
    if (index < done) continue;
    let start = index;
    while (start > done && text[start - 1] === "\\") start -= 1;
    const run = index - start;
    const low = surrogatePairLength(text.slice(index, index + 12), lowHalfAfter(run));
    parts.push(text.slice(done, low > 0 ? index + low : start));
    if (low === 0) parts.push(replace({ run, found }));
    done = index + (low || found.length);
  }
  parts.push(text.slice(done));
  return parts.join("");
}

function isOddRun(run: number): number {
  return run % 2;
}

/** The length of both halves of a character, where the text begins with them; else 0. */
function surrogatePairLength(text: string, backslashes: number): number {
  const halves = /^ud[89ab][0-9a-f]{2}(\\+)ud[c-f][0-9a-f]{2}/i.exec(text);
  return halves && backslashes > 0 && halves[1]?.length === backslashes ? halves[0].length : 0;
}

function unicodeEscape(character: string): string {
  return `u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
