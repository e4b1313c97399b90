import { z } from "zod";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { listedShape, toListedRun } from "../../../src/sources/wandb/graphql/listed-run.ts";
import { parseEntry } from "../../../src/sources/wandb/metrics/history-entry.ts";
import type { StoredCheckpoint } from "../service.ts";

/** The ids of the runs that checkpoints claim to be stored as they are now, by stream. */
export interface ClaimedRuns {
  readonly runs: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
}

const blockShape = z.object({ entries: z.record(z.string(), z.string()) });

/** Which of these runs the checkpoints claim to have been read, without a change since. */
export function claimedRuns(
  checkpoints: readonly StoredCheckpoint[],
  runs: readonly WandbRun[],
): ClaimedRuns {
  const rows = entriesOf("runs", checkpoints);
  const histories = entriesOf("metrics", checkpoints);
  const claimed = { runs: new Set<string>(), metrics: new Set<string>() };
  for (const run of runs) {
    const { id, fields, activity } = listed(run);
    if (rows.get(id) === fields) claimed.runs.add(id);
    const entry = parseEntry(histories.get(id));
    if (entry?.activity === activity && ["live", "complete"].includes(entry.status))
      claimed.metrics.add(id);
  }
  return claimed;
}

function entriesOf(
  stream: string,
  checkpoints: readonly StoredCheckpoint[],
): ReadonlyMap<string, string> {
  const blocks = checkpoints.filter((one) => one.stream === stream && one.partition.includes("#"));
  return new Map(
    blocks.flatMap(({ checkpoint }) =>
      Object.entries(blockShape.safeParse(checkpoint).data?.entries ?? {}),
    ),
  );
}

/** The run as a listing shows it. */
function listed({ name, fields, history }: WandbRun): ReturnType<typeof toListedRun> {
  const node = listedShape.parse({ ...fields, name, historyLineCount: history.lineCount });
  return toListedRun(node, 0);
}
