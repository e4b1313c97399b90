import { distance } from "fastest-levenshtein";

/** What to say of a word that nobody knows: the nearest known one, or all of them. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = closestWord(word, known);
  return meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`;
}

/** The known word that somebody probably meant who wrote this one; undefined where none is near. */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map((candidate) => ({
      candidate,
      apart: distance(candidate.toLowerCase(), word.toLowerCase()),
    }))
    .sort((a, b) => a.apart - b.apart);
  return first && first.apart <= Math.max(2, word.length / 3) ? first.candidate : undefined;
}
