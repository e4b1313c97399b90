import type { MetricsOptions, MetricsRecorder } from "./metrics-options.ts";

const noMetrics: MetricsRecorder = {
  record: (_pipeline, sync) =>
    sync({
      named: () => undefined,
      observe: (session) => Promise.resolve(session),
      countFailedStreams: () => undefined,
    }),
  save: () => Promise.resolve(),
};

/**
 * Runs `work` with the metrics that the flags ask for: on a port while it runs, and in a file
 * when it ends, even if it failed. The code for metrics is loaded only if needed.
 */
export async function withMetrics<Result>(
  options: MetricsOptions,
  work: (recorder: MetricsRecorder) => Promise<Result>,
): Promise<Result> {
  if (options.port === undefined && options.file === undefined) return await work(noMetrics);
  const { withPrometheus } = await import("./with-prometheus.ts");
  return await withPrometheus(options, work);
}
