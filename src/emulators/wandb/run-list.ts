import type { WandbBackend } from "./backend.ts";
import type { WandbProject } from "./project.ts";
import { parseRunFilter } from "./run-filter.ts";
import { parseOrder, shuffled, shuffleTies } from "./run-order.ts";
import type { WandbRun } from "./run.ts";

/** What selects and sorts runs. */
export interface RunSelection {
  readonly filters?: string | null;
  readonly order?: string | null;
}

/** The runs of a listing in its order, with the hidden ones. Throws a ResponseError. */
export function listRuns(
  project: WandbProject,
  { filters, order }: RunSelection,
  { faults, random }: WandbBackend,
): readonly WandbRun[] {
  const sorting = parseOrder(order);
  const sorted = project.sortedRuns(sorting);
  const isFiltered = filters && !faults.filtersIgnored?.runs;
  const runs = isFiltered ? sorted.filter(parseRunFilter(filters, faults.deadFilters)) : sorted;
  if (faults.orderIgnored) return shuffled(runs, random);
  return faults.unstableTies ? shuffleTies(runs, sorting, random) : runs;
}

/** The number of runs that match, without the hidden ones unless they count. */
export function countRuns(
  project: WandbProject,
  filters: string | null | undefined,
  { faults }: WandbBackend,
): number {
  const isFiltered = filters && !faults.filtersIgnored?.runCount;
  const matches = parseRunFilter(isFiltered ? filters : null, faults.deadFilters);
  const counts = (run: WandbRun): boolean => !run.hidden || faults.countHidden === true;
  return project.runs.filter((run) => counts(run) && matches(run)).length;
}
