/** What was read, by the SDK or by rivulet, with values as `parseExact` returns them. */
export interface Reading {
  /** The fields of each run, by `project/run`. */
  readonly runs: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** The value of each cell of a history, by `project/run/step/metric`. */
  readonly cells: ReadonlyMap<string, unknown>;
}

/** The time of each row is a cell of its own. */
export const timeCell = "_timestamp";

/** A map in the order of its keys, so that a difference is easy to find in the output. */
export function sortedMap<T>(entries: Iterable<readonly [string, T]>): ReadonlyMap<string, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
