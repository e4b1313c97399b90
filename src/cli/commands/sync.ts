import { readStream } from "../../engine/read-stream.ts";
import { exitStatus, exitStatusFor } from "../invocation/exit-status.ts";
import { watched } from "../../metrics/with-metrics.ts";
import { count } from "../terminal/format-numbers.ts";
import { tableText } from "../terminal/table.ts";
import { copy } from "./run-sync.ts";
import {
  configure,
  readOptions,
  type ConfiguredSource,
  type Invocation,
} from "../invocation/invocation.ts";
import { openConfigured } from "./open-configured-destination.ts";

/** The main job: copies the source into the destination. */
export async function syncCommand(invocation: Invocation): Promise<number> {
  const { flags, terminal, signal } = invocation;
  const { "metrics-port": port, "metrics-file": file } = flags;
  const eyes = { side: "ingest", port, file, log: terminal.log, signal } as const;
  return await watched(eyes, async (watcher) => {
    const configured = await configure(invocation);
    if (flags["dry-run"] === true) return await dryRun(invocation, configured);
    const { status } = await copy(configured, {
      ...invocation,
      fullRefresh: flags["full-refresh"] === true,
      quiet: flags.quiet === true,
      watcher,
    });
    return exitStatusFor(status);
  });
}

/** Reads what a sync would read, counts it, and writes nothing, not even an empty database. */
async function dryRun(invocation: Invocation, configured: ConfiguredSource): Promise<number> {
  const { terminal } = invocation;
  await using destination = await openConfigured(configured);
  const state = await destination.state(configured.pipeline.name);
  const rows: string[][] = [];
  for (const stream of configured.streams) {
    const checkpoints = state.get(stream.name) ?? new Map<string, never>();
    let read = 0;
    let rejected = 0;
    for await (const group of readStream(stream, { ...readOptions(invocation), checkpoints })) {
      read += group.reduce((sum, batch) => sum + batch.rows.length, 0);
      rejected += group.reduce((sum, batch) => sum + (batch.rejected?.length ?? 0), 0);
    }
    rows.push([stream.name, count(read), count(rejected)]);
  }
  terminal.print(
    tableText({ columns: ["stream", "#rows read", "#not understood"], rows }, terminal),
  );
  terminal.print(
    `\ndry run: ${count(configured.context.transfer.requests)} requests, nothing was written`,
  );
  return exitStatus.completed;
}
