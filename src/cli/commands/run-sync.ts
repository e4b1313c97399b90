import type { MetricsRecorder } from "../../metrics/metrics-options.ts";
import { sync, type Summary } from "../../engine/sync.ts";
import { openProgress } from "../terminal/progress.ts";
import { showSummary } from "../terminal/summary.ts";
import type { ConfiguredSource, Invocation } from "../invocation/invocation.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";

export interface RunSyncOptions extends Pick<Invocation, "terminal" | "signal"> {
  readonly fullRefresh: boolean;
  /** Neither progress nor summary. */
  readonly quiet: boolean;
  readonly watcher?: MetricsRecorder;
}

/** Syncs under the pipeline's lock, and shows how it goes and what it did. */
export async function runSync(
  configured: ConfiguredSource,
  options: RunSyncOptions,
): Promise<Summary> {
  const { terminal, signal, fullRefresh, quiet, watcher } = options;
  const { streams, context, pipeline } = configured;
  const { transfer } = context;
  await using destination = await openConfiguredDestination(configured, { thread: true });
  await using session = await destination.lock(pipeline);
  const shown = !quiet && terminal.format === "pretty";
  using progress = openProgress(terminal, { visible: shown, transfer });
  const writing = { destination, pipeline: pipeline.name, transfer };
  const summary = await sync({
    session: watcher ? await watcher.observe(session, writing) : session,
    streams,
    progress,
    fullRefresh,
    signal,
    startedAt: new Date(),
    log: terminal.log,
    transfer,
  });
  watcher?.countFailedStreams(summary.failures.size);
  progress.close();
  if (!quiet) showSummary(summary, terminal, destination.label);
  return summary;
}
