import type { Watcher } from "../../metrics/with-metrics.ts";
import { sync, type Summary } from "../../engine/sync.ts";
import { openProgress } from "../terminal/progress.ts";
import { showSummary } from "../terminal/summary.ts";
import type { ConfiguredSource, Invocation } from "../invocation/invocation.ts";
import { openConfigured } from "./open-configured-destination.ts";

export interface CopyOptions extends Pick<Invocation, "terminal" | "signal"> {
  readonly fullRefresh: boolean;
  /** Neither progress nor summary. */
  readonly quiet: boolean;
  readonly watcher?: Watcher;
}

/** Syncs under the pipeline's lock, and shows how it goes and what it did. */
export async function copy(configured: ConfiguredSource, options: CopyOptions): Promise<Summary> {
  const { terminal, signal, fullRefresh, quiet, watcher } = options;
  const { streams, context, pipeline } = configured;
  const { transfer } = context;
  await using destination = await openConfigured(configured, { thread: true });
  await using session = await destination.lock(pipeline);
  const shown = !quiet && terminal.format === "pretty";
  using progress = openProgress(terminal, { shown, transfer });
  const writing = { destination, pipeline: pipeline.name, transfer };
  const summary = await sync({
    session: watcher ? await watcher.session(session, writing) : session,
    streams,
    progress,
    fullRefresh,
    signal,
    startedAt: new Date(),
    log: terminal.log,
    transfer,
  });
  watcher?.failed(summary.failures.size);
  progress.close();
  if (!quiet) showSummary(summary, terminal, destination.label);
  return summary;
}
