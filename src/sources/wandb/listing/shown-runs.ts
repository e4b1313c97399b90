import type { ListedRun, RunRange } from "./run-service.ts";

/** The runs that a listing has shown so far. */
export class ShownRuns {
  readonly #runs = new Map<string, ListedRun>();

  /** By id. */
  get byId(): ReadonlyMap<string, ListedRun> {
    return this.#runs;
  }

  /** Adds runs; of two answers about a run, the earlier counts: nothing in it came later. */
  add(runs: readonly ListedRun[]): void {
    for (const run of runs) if (!this.#runs.has(run.id)) this.#runs.set(run.id, run);
  }

  /** The runs created in a range, by their creation. */
  within(range: RunRange): ListedRun[] {
    return [...this.#runs.values()]
      .filter((run) => isWithin(run, range))
      .sort((a, b) => (a.created < b.created ? -1 : Number(a.created > b.created)));
  }
}

/** Whether a run was created in a range. */
export function isWithin({ created }: ListedRun, { from, below }: RunRange): boolean {
  return (from === undefined || created >= from) && (below === undefined || created < below);
}
