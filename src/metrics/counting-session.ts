import type { Session, WriteResult } from "../core/destination.ts";
import type { Batch } from "../core/source.ts";
import type { PipelineMetrics } from "./pipeline-metrics.ts";

/** Wraps a session so that `metrics` counts what is written through it. */
export function countingSession(session: Session, metrics: PipelineMetrics): Session {
  const countRows = session.countRows?.bind(session);
  const quarantined = session.quarantined?.bind(session);
  return {
    ...(quarantined ? { quarantined } : {}),
    ...(countRows ? { countRows } : {}),
    ...(session.maxColumns === undefined ? {} : { maxColumns: session.maxColumns }),
    get lost() {
      return session.lost;
    },
    state: () => session.state(),
    prepare: (tables) => session.prepare(tables),
    async write(batches) {
      const result = await session.write(batches);
      countResult(metrics, batches, result);
      return result;
    },
    replaceState: (state, stream) => session.replaceState(state, stream),
    countQuarantined: (streams) => session.countQuarantined(streams),
    async countSettled(streams) {
      const settled = await session.countSettled(streams);
      metrics.setSettled(settled);
      return settled;
    },
    quarantineReasons: (streams) => session.quarantineReasons(streams),
    begin: () => session.begin(),
    async end(end) {
      await session.end(end);
      metrics.endRun(end);
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function countResult(
  metrics: PipelineMetrics,
  batches: readonly Batch[],
  result: WriteResult,
): void {
  let documents = 0;
  for (const [stream, counts] of result) {
    const { inserted, updated, unchanged, rejected } = counts;
    documents += inserted + updated + unchanged;
    metrics.countRows(stream, counts);
    metrics.countErrors(rejected);
  }
  const bytes = batches.reduce((sum, batch) => sum + (batch.bytes ?? 0), 0);
  const readTimes = batches.flatMap(({ rows, readAt }) =>
    rows.length > 0 && readAt !== undefined ? [readAt] : [],
  );
  metrics.countWritten({
    bytes,
    documents,
    ...(readTimes.length > 0 ? { oldest: Math.min(...readTimes) } : {}),
  });
}
