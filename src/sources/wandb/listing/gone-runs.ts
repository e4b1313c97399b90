import type { ListedRun, RunService } from "./run-service.ts";

/** Runs that one request asks for by name. */
const maxNames = 500;

/** Witnesses to try: each may be deleted in the very moment. */
const maxWitnesses = 3;

/** What became of runs that a listing lacks. */
interface NamedRuns {
  /** Runs that do not exist, or do not match the configured filters. */
  readonly gone: ReadonlySet<string>;
  /** Runs that exist after all. */
  readonly found: readonly ListedRun[];
}

/**
 * Asks for runs by name that a proven listing lacks. One is gone only if one answer that is whole
 * lacks it and has a run that was just shown, the witness: a filter by name that matches nothing
 * would make every run look gone.
 *
 * @param witnesses - Ids of runs that were just shown; empty only if the project shows none.
 */
export async function findGoneRuns(
  service: RunService,
  names: readonly string[],
  witnesses: readonly string[],
): Promise<NamedRuns> {
  const gone = new Set<string>();
  const found: ListedRun[] = [];
  let [witness, ...others] = witnesses.slice(-maxWitnesses).reverse();

  const askFor = async (ids: readonly string[]): Promise<void> => {
    const named = witness === undefined ? ids : [...ids, witness];
    const { runs, hasNext } = await service.ask({ named, first: named.length });
    const shown = new Set(runs.map(({ id }) => id));
    const rest = ids.filter((id) => !shown.has(id));
    found.push(...runs.filter(({ id }) => id !== witness));
    if (rest.length === 0) return;
    if (hasNext) await askAgain(rest, rest.length < ids.length);
    else if (witness === undefined || shown.has(witness)) for (const id of rest) gone.add(id);
    else if (others.length > 0) {
      [witness, ...others] = others;
      await askFor(rest);
    }
  };

  /** An answer that is not whole says nothing about what it lacks. */
  const askAgain = async (rest: readonly string[], hasShownSome: boolean): Promise<void> => {
    if (hasShownSome) await askFor(rest);
    else if (rest.length > 1) {
      const half = rest.length >> 1;
      await askFor(rest.slice(0, half));
      await askFor(rest.slice(half));
    }
  };

  for (let start = 0; start < names.length; start += maxNames) {
    await askFor(names.slice(start, start + maxNames));
  }
  return { gone, found };
}
