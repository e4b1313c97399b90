import { openDestination } from "../destination/open.ts";
import { sync, type Summary } from "../sync.ts";
import { openProgress } from "../terminal/progress.ts";
import { showSummary } from "../terminal/summary.ts";
import type { ConfiguredSource, Invocation } from "./invocation.ts";

export interface CopyOptions extends Pick<Invocation, "terminal" | "signal"> {
  readonly fullRefresh: boolean;
  /** Neither progress nor summary. */
  readonly quiet: boolean;
}

/** Syncs under the pipeline's lock, and shows how it goes and what it did. */
export async function copy(configured: ConfiguredSource, options: CopyOptions): Promise<Summary> {
  const { terminal, signal, fullRefresh, quiet } = options;
  const { streams, context, pipeline } = configured;
  await using destination = await openDestination(configured.destination, {
    ...context,
    thread: true,
  });
  await using session = await destination.lock(pipeline);
  const shown = !quiet && terminal.format === "pretty";
  using progress = openProgress(terminal, { shown, transfer: context.transfer });
  const summary = await sync({
    session,
    streams,
    progress,
    fullRefresh,
    signal,
    startedAt: new Date(),
    log: terminal.log,
    transfer: context.transfer,
  });
  progress.close();
  if (!quiet) showSummary(summary, terminal, destination.label);
  return summary;
}
