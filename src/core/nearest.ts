import { distance } from "fastest-levenshtein";

/** What to say of a word that nobody knows: the nearest known one, or all of them. */
export function suggestion(word: string, known: readonly string[]): string {
  const [nearest] = known
    .map((candidate) => ({
      candidate,
      apart: distance(candidate.toLowerCase(), word.toLowerCase()),
    }))
    .sort((a, b) => a.apart - b.apart);
  return nearest !== undefined && nearest.apart <= Math.max(2, word.length / 3)
    ? `did you mean "${nearest.candidate}"?`
    : `known are ${known.join(", ")}`;
}
