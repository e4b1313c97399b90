import { ConfigError } from "../../core/errors.ts";
import { sync, type Summary } from "../../engine/sync.ts";
import type { Recording } from "../../metrics/metrics-options.ts";
import type { CommandContext, ConfiguredSource } from "../invocation/invocation.ts";
import { openProgress } from "../terminal/progress.ts";
import { showSummary } from "../terminal/summary.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";

interface RunSyncOptions extends CommandContext {
  readonly fullRefresh: boolean;
  readonly allowMassDeletion?: boolean;
  /** Shows neither progress nor summary. */
  readonly quiet: boolean;
  /** Whether progress may be shown: not if several sync at once. Default: true. */
  readonly showsProgress?: boolean;
  readonly recording?: Recording;
  /** Tests the login. Called before a first sync, so that one that is refused creates nothing. */
  readonly check?: () => Promise<void>;
}

/** What is not refused as a whole is tried: a sync copies what it can. */
function throwIfRefused(error: unknown): void {
  if (error instanceof ConfigError && !error.isPartial) throw error;
}

/** Takes the pipeline's lease and syncs, with progress and a summary. */
export async function runSync(
  configured: ConfiguredSource,
  options: RunSyncOptions,
): Promise<Summary> {
  const { terminal, signal, fullRefresh, allowMassDeletion = false, quiet } = options;
  const { recording, check, showsProgress = true } = options;
  const { streams, context, pipeline, origins } = configured;
  const { transfer } = context;
  recording?.named(pipeline.name);
  await using destination = await openConfiguredDestination(configured, { thread: true });
  if (check && (await destination.syncs(1, pipeline.name)).length === 0)
    await check().catch(throwIfRefused);
  await using session = await destination.lock(pipeline);
  const visible = !quiet && showsProgress && terminal.format === "pretty";
  using progress = openProgress(terminal, { visible, transfer });
  const summary = await sync({
    session: (await recording?.observe(session, { destination, transfer })) ?? session,
    streams,
    progress,
    fullRefresh,
    allowMassDeletion,
    signal,
    startedAt: new Date(),
    log: terminal.log,
    transfer,
  });
  recording?.countFailedStreams(summary.failures.size);
  progress.close();
  if (!quiet) showSummary(summary, terminal, { label: destination.label, origins });
  return summary;
}
