import { graphqlErrors, ResponseError } from "./response.ts";
import { fieldValue, instantSortKey } from "./run-field.ts";
import type { WandbRun } from "./run.ts";

/** How a listing of runs is sorted. Runs without a value come first. */
export interface RunOrder {
  readonly by: "createdAt" | "heartbeatAt" | `config.${string}` | `summary_metrics.${string}`;
  readonly descending: boolean;
}

/**
 * Parses the argument `order` of `runs`; without a sign it means ascending, without an order newest
 * first. Throws a ResponseError.
 */
export function parseOrder(order: string | null | undefined): RunOrder {
  const [, sign, column = ""] = /^([+-]?)(.*)$/.exec(order ?? "-created_at") ?? [];
  const by = columns[column] ?? nestedColumn(column);
  if (!by) throw new ResponseError(graphqlErrors(400, `invalid order: ${String(order)}`));
  return { by, descending: sign === "-" };
}

/** Runs in an order; equal ones come as they were begun. */
export function sortRuns(runs: readonly WandbRun[], order: RunOrder): readonly WandbRun[] {
  const keyed = runs.map((run) => ({ run, key: sortKey(run, order) }));
  const sign = order.descending ? -1 : 1;
  return keyed
    .sort((a, b) => sign * (compareKeys(a.key, b.key) || a.run.number - b.run.number))
    .map(({ run }) => run);
}

/** Sorted runs, with those that are equal in a random order. */
export function shuffleTies(
  runs: readonly WandbRun[],
  order: RunOrder,
  random: () => number,
): readonly WandbRun[] {
  const ties: WandbRun[][] = [];
  let previous: SortKey | undefined;
  for (const run of runs) {
    const key = sortKey(run, order);
    const tie = ties.at(-1);
    if (tie && key === previous) tie.push(run);
    else ties.push([run]);
    previous = key;
  }
  return ties.flatMap((tie) => shuffled(tie, random));
}

/** The same elements in a random order. */
export function shuffled<T>(elements: readonly T[], random: () => number): readonly T[] {
  const keyed = elements.map((element) => ({ element, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ element }) => element);
}

type SortKey = string | number;

const columns: Readonly<Record<string, RunOrder["by"]>> = {
  created_at: "createdAt",
  heartbeat_at: "heartbeatAt",
};

function nestedColumn(column: string): RunOrder["by"] | undefined {
  const [, section, path] = /^(config|summary_metrics)\.(.+)$/.exec(column) ?? [];
  if (path === undefined) return undefined;
  return section === "config" ? `config.${path}` : `summary_metrics.${path}`;
}

function sortKey(run: WandbRun, { by }: RunOrder): SortKey {
  if (by === "createdAt" || by === "heartbeatAt") return instantSortKey(run.fields[by]);
  const value = fieldValue(run, by);
  if (typeof value === "number" || typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** The empty text of an absent value comes before all numbers, and they before other texts. */
function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === typeof b) return a === b ? 0 : a < b ? -1 : 1;
  return typeof a === "number" ? (b === "" ? 1 : -1) : a === "" ? -1 : 1;
}
