import type { Cell } from "./blocks.ts";
import { toNumber } from "./cells.ts";

/** An experiment: its row, and its parameters and results by dotted name. */
export interface Experiment {
  /** Values of the key, and the name to show. */
  readonly key: readonly string[];
  readonly name: string;
  readonly row: Readonly<Record<string, unknown>>;
  readonly parameters: ReadonlyMap<string, Cell>;
  readonly results: ReadonlyMap<string, Cell>;
}

/** Columns of parameters and results that the page shows: those that most experiments have. */
const maxColumns = 24;

/** The names that most of the objects have, at most `maxColumns`. */
export function commonNames(
  objects: readonly ReadonlyMap<string, unknown>[],
  limit = maxColumns,
): readonly string[] {
  const counts = new Map<string, number>();
  for (const object of objects)
    for (const name of object.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, limit)
    .map(([name]) => name);
}

/** The numbers of a result, by experiment; those without one are left out. */
export function numbersOf(
  experiments: readonly Experiment[],
  metric: string,
): readonly { readonly experiment: Experiment; readonly value: number }[] {
  return experiments.flatMap((experiment) => {
    const cell = experiment.results.get(metric);
    const value = typeof cell === "number" ? toNumber(cell) : null;
    return value === null ? [] : [{ experiment, value }];
  });
}
