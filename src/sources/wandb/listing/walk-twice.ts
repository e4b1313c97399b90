import { SourceError } from "../../../core/errors.ts";
import type { RunService } from "./run-service.ts";
import type { ShownRuns } from "./shown-runs.ts";

/** Pages without a run in a row that are followed at most. */
const maxEmptyPages = 1000;

/**
 * Walks the list by cursor, twice, because runs are skipped where it shifts. The union proves
 * nothing, but shows what can be shown. Throws a SourceError if the cursor does not advance.
 */
export async function walkTwice(service: RunService, shown: ShownRuns): Promise<void> {
  await walk(service, shown);
  await walk(service, shown);
}

async function walk(service: RunService, shown: ShownRuns): Promise<void> {
  const cursors = new Set<string>();
  let emptyPages = 0;
  for (let after: string | undefined; ;) {
    const { runs, hasNext, cursor } = await service.ask(after === undefined ? {} : { after });
    shown.add(runs);
    if (!hasNext) return;
    emptyPages = runs.length === 0 ? emptyPages + 1 : 0;
    if (cursor === undefined || cursors.has(cursor) || emptyPages > maxEmptyPages)
      throw new SourceError("the list of runs: the cursor does not advance");
    cursors.add(cursor);
    after = cursor;
  }
}
