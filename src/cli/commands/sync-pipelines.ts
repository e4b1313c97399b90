import pLimit from "p-limit";
import { readPipelines, type NamedPipeline } from "../../configuration/read-pipelines.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { suggestion } from "../../core/suggestion.ts";
import type { Summary } from "../../engine/sync.ts";
import type { MetricsRecorder } from "../../metrics/metrics-options.ts";
import { withMetrics } from "../../metrics/with-metrics.ts";
import { loadSource, sourceNames } from "../../sources/registry.ts";
import {
  exitStatus,
  exitStatusOfError,
  exitStatusOfSync,
  exitStatusOfSeveral,
} from "../invocation/exit-status.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";
import { logError } from "../invocation/log-error.ts";
import { formatCount, formatSeconds } from "../terminal/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { repeatEvery } from "./repeat.ts";
import { runSync } from "./run-sync.ts";

/** How the sync of a pipeline ended. */
interface EndedPipeline {
  readonly pipeline: NamedPipeline;
  readonly status: number;
  /** Absent if it could not begin. */
  readonly summary?: Summary;
}

/** `rivulet sync`: syncs all pipelines of the configuration, each for itself. */
export async function syncPipelinesCommand(invocation: Invocation<undefined>): Promise<number> {
  const { flags, signal, terminal } = invocation;
  const { "metrics-port": port, "metrics-file": file } = flags;
  const metrics = { side: "ingest", port, file, log: terminal.log, signal } as const;
  const pipelines = await selectPipelines(invocation);
  return await withMetrics(metrics, (recorder) =>
    repeatEvery(flags.every, invocation, async ({ isFirst }) => {
      const limit = pLimit(flags.parallel ?? 1);
      const fullRefresh = isFirst && flags["full-refresh"] === true;
      const round = { ...invocation, flags: { ...flags, "full-refresh": fullRefresh } };
      const ended = await Promise.all(
        pipelines.map((pipeline) => limit(() => syncPipeline(pipeline, round, recorder))),
      );
      await recorder.save();
      if (flags.quiet !== true) printOverview(ended, invocation);
      signal.throwIfAborted();
      const statuses = ended.map(({ status }) => status);
      if (flags.every !== undefined && statuses.every((one) => one === exitStatus.configError))
        throw new ConfigError("no pipeline can be synced; mend the problems above");
      return exitStatusOfSeveral(statuses);
    }),
  );
}

/** Those that were asked for, else all, in the order of the file. */
async function selectPipelines({
  flags,
  terminal,
}: Invocation<undefined>): Promise<readonly NamedPipeline[]> {
  const { pipelines: all, others } = await readPipelines(flags.config, sourceNames);
  for (const name of others)
    terminal.log.warning(
      `${name}: the block of an external connector is not synced here; run rivulet --connector ${name} sync`,
    );
  const names = all.map(({ name }) => name);
  const selected = flags.pipeline?.split(",").map((name) => name.trim()) ?? names;
  const unknown = selected.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(`--pipeline: no pipeline "${unknown}"; ${suggestion(unknown, names)}`);
  if (selected.length === 1 || (flags.streams === undefined && flags["full-refresh"] !== true))
    return all.filter(({ name }) => selected.includes(name));
  const flag = flags.streams === undefined ? "--full-refresh" : "--streams";
  throw new ConfigError(`${flag}: is for one pipeline; add --pipeline ${names[0] ?? ""}`);
}

/** One that fails does not hold up the others. */
async function syncPipeline(
  pipeline: NamedPipeline,
  invocation: Invocation<undefined>,
  recorder: MetricsRecorder,
): Promise<EndedPipeline> {
  const { signal, flags } = invocation;
  const terminal = { ...invocation.terminal, log: labeled(invocation.terminal.log, pipeline.name) };
  try {
    signal.throwIfAborted();
    const { source: name, name: defaultName } = pipeline;
    const summary = await recorder.record({ source: name, defaultName }, async (recording) => {
      const source = await loadSource(name);
      const own = { ...flags, pipeline: pipeline.name };
      const configured = await configure({ ...invocation, terminal, source, flags: own });
      if (flags.quiet !== true)
        terminal.printStyled(`\n${terminal.color.bold(pipeline.name)} (${source.title})`);
      return await runSync(configured, {
        terminal,
        signal,
        fullRefresh: flags["full-refresh"] === true,
        allowMassDeletion: flags["allow-mass-deletion"] === true,
        quiet: flags.quiet === true,
        showsProgress: (flags.parallel ?? 1) === 1,
        recording,
        check: () => source.check(configured.config, configured.context),
      });
    });
    return { pipeline, status: exitStatusOfSync(summary), summary };
  } catch (error) {
    logError(error, { log: terminal.log });
    return { pipeline, status: exitStatusOfError(error) };
  }
}

/** A log whose messages name the pipeline. */
function labeled(log: Log, pipeline: string): Log {
  const at =
    (level: keyof Log): Log["info"] =>
    (message, fields) => {
      log[level](`${pipeline}: ${message}`, { ...fields, pipeline });
    };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), severe: at("severe") };
}

function printOverview(ended: readonly EndedPipeline[], { terminal }: Invocation<undefined>): void {
  if (ended.length < 2) return;
  const rows = ended.map(({ pipeline, status, summary }) => {
    const sum = (column: "inserted" | "updated" | "deleted"): string =>
      summary === undefined
        ? ""
        : formatCount([...summary.counts.values()].reduce((all, one) => all + one[column], 0));
    return [
      pipeline.name,
      summary?.status ?? "failed",
      String(status),
      summary === undefined ? "" : formatSeconds(summary.seconds),
      ...(["inserted", "updated", "deleted"] as const).map(sum),
      summary === undefined ? "" : formatCount(summary.quarantined),
    ];
  });
  const counted = ["#inserted", "#updated", "#deleted", "#quarantined"];
  const columns = ["pipeline", "status", "#exit", "#took", ...counted];
  terminal.print("");
  terminal.printStyled(formatTable({ columns, rows }, terminal));
}
