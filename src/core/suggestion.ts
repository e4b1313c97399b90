import { distance } from "fastest-levenshtein";

/** Hint for an unknown word: the closest valid one, or all of them. */
export function suggestion(word: string, valid: readonly string[]): string {
  const closest = closestWord(word, valid);
  return closest === undefined
    ? `expected one of ${valid.join(", ")}`
    : `did you mean "${closest}"?`;
}

/** The same to append to a sentence: only the closest word, and empty if none is close enough. */
export function closestHint(word: string, valid: readonly string[]): string {
  const closest = closestWord(word, valid);
  return closest === undefined ? "" : `; did you mean "${closest}"?`;
}

/**
 * The valid word that was probably meant, ignoring case: the only one that begins so, or the
 * closest one. Undefined if none is close enough.
 */
export function closestWord(word: string, valid: readonly string[]): string | undefined {
  const begun = valid.filter((one) => one.toLowerCase().startsWith(word.toLowerCase()));
  if (begun.length === 1 && word.length > 2) return begun[0];
  const [closest] = valid
    .map((candidate) => ({
      candidate,
      edits: distance(candidate.toLowerCase(), word.toLowerCase()),
    }))
    .sort((a, b) => a.edits - b.edits);
  return closest && closest.edits <= Math.max(2, word.length / 3) ? closest.candidate : undefined;
}
