import type { MetricsOptions, MetricsRecorder } from "./metrics-options.ts";

const noMetrics: MetricsRecorder = {
  observe: (session) => Promise.resolve(session),
  countFailedStreams: () => undefined,
};

/**
 * Does some work under the eyes of Prometheus, where the flags ask for it: on a port as long as the work takes, and in a file at its end, also
 * when it failed. What it takes is loaded only then.
 */
export async function withMetrics<Result>(
  options: MetricsOptions,
  work: (watcher: MetricsRecorder) => Promise<Result>,
): Promise<Result> {
  if (options.port === undefined && options.file === undefined) return await work(noMetrics);
  const { withPrometheus } = await import("./with-prometheus.ts");
  return await withPrometheus(options, work);
}
