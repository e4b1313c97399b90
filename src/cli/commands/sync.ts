import { ConfigError } from "../../core/errors.ts";
import { readStream } from "../../engine/read-stream.ts";
import { withMetrics } from "../../metrics/with-metrics.ts";
import { exitStatus, exitStatusOfSync } from "../invocation/exit-status.ts";
import {
  configure,
  readOptionsOf,
  type ConfiguredSource,
  type Invocation,
} from "../invocation/invocation.ts";
import { formatCount } from "../terminal/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";
import { repeatEvery } from "./repeat.ts";
import { runSync } from "./run-sync.ts";

/** `sync`: copies the source into the destination. */
export async function syncCommand(invocation: Invocation): Promise<number> {
  const { flags, terminal, signal, source } = invocation;
  if (flags["dry-run"] === true && flags.every !== undefined)
    throw new ConfigError("--every: not with --dry-run; leave one of them out");
  if (flags["dry-run"] === true) return await dryRun(invocation, await configure(invocation));
  const { "metrics-port": port, "metrics-file": file } = flags;
  const metrics = { side: "ingest", port, file, log: terminal.log, signal } as const;
  const pipeline = { source: source.name, defaultName: flags.pipeline ?? source.name };
  return await withMetrics(metrics, async (recorder) => {
    const syncOnce = (isFirst: boolean): Promise<number> =>
      recorder.record(pipeline, async (recording) => {
        const configured = await configure(invocation);
        const summary = await runSync(configured, {
          ...invocation,
          fullRefresh: isFirst && flags["full-refresh"] === true,
          allowMassDeletion: flags["allow-mass-deletion"] === true,
          quiet: flags.quiet === true,
          recording,
          check: () => source.check(configured.config, configured.context),
        });
        return exitStatusOfSync(summary);
      });
    return await repeatEvery(flags.every, invocation, ({ isFirst }) =>
      syncOnce(isFirst).finally(() => recorder.save()),
    );
  });
}

/** Reads and counts what a sync would read. Writes nothing, not even an empty database. */
async function dryRun(invocation: Invocation, configured: ConfiguredSource): Promise<number> {
  const { terminal } = invocation;
  await using destination = await openConfiguredDestination(configured);
  const state = await destination.state(configured.pipeline.name);
  const rows: string[][] = [];
  for (const stream of configured.streams) {
    const checkpoints = state.get(stream.name) ?? new Map<string, never>();
    let read = 0;
    let rejected = 0;
    for await (const group of readStream(stream, { ...readOptionsOf(invocation), checkpoints })) {
      read += group.reduce((sum, batch) => sum + batch.rows.length, 0);
      const entries = group.flatMap((batch) => batch.rejected ?? []);
      rejected += entries.filter(({ settled }) => settled !== true).length;
    }
    rows.push([stream.name, formatCount(read), formatCount(rejected)]);
  }
  terminal.printStyled(
    formatTable({ columns: ["stream", "#rows read", "#unreadable"], rows }, terminal),
  );
  terminal.print(
    `\ndry run: ${formatCount(configured.context.transfer.requests)} requests, nothing was written`,
  );
  return exitStatus.completed;
}
