import type { RunRange, RunService } from "./run-service.ts";
import type { ShownRuns } from "./shown-runs.ts";

/** Ranges with more runs than this are split by their counts before they are listed. */
const maxListed = 500;

/** Requests to spend; the counts alone decide about what they do not reach. */
const maxRequests = 40;

/**
 * How many runs the service counts and does not show. Finds the ranges with more runs than were
 * shown by halving, and lists each once more. Only counts and runs of one answer are compared: runs
 * come and go between two.
 */
export async function countHiddenRuns(service: RunService, shown: ShownRuns): Promise<number> {
  let requests = 0;

  const inRange = async (range: RunRange, counted: number): Promise<number> => {
    const known = shown.within(range);
    if (counted <= known.length) return 0;
    if (requests >= maxRequests) return counted - known.length;
    requests += 1;
    const middle = known[known.length >> 1]?.created;
    if (known.length <= maxListed || middle === undefined || middle === known[0]?.created)
      return await listAgain(range);
    const halves = [
      { ...range, below: middle },
      { ...range, from: middle },
    ];
    const { counts = [] } = await service.ask({ ...range, first: 1, counts: halves });
    let hidden = 0;
    for (const [index, half] of halves.entries()) hidden += await inRange(half, counts[index] ?? 0);
    return hidden;
  };

  const listAgain = async (range: RunRange): Promise<number> => {
    const { runs, counts = [], hasNext } = await service.ask({ ...range, counts: [range] });
    shown.add(runs);
    const visible = hasNext ? shown.within(range).length : runs.length;
    return Math.max(0, (counts[0] ?? 0) - visible);
  };

  return await inRange({}, Infinity);
}
