import { TapStream } from "./tap-stream.ts";
import type { TapOptions } from "./tap-options.ts";

/** How a tap's run ended. */
export interface TapResult {
  /** What could not be understood or written. */
  readonly rejectedCount: number;
  /** Streams that could not be read to their end. */
  readonly failedStreams: readonly string[];
}

/**
 * Writes SCHEMA, RECORD and STATE messages of streams, one stream after the other. A STATE comes after everything that it vouches for. A stream that cannot
 * be read fails alone. Throws a ClosedPipe where nobody reads any more.
 */
export async function runTap(options: TapOptions): Promise<TapResult> {
  const failed: string[] = [];
  let rejected = 0;
  for (const wanted of options.selected) {
    const { name } = wanted.stream;
    const writing = new TapStream(wanted, options);
    const begun = performance.now();
    const failure = await writing.run();
    if (failure) {
      failed.push(name);
      options.log.severe(`${name}: ${failure.message}`);
    }
    rejected += writing.rejectedCount;
    const status = failure ? "failed" : "succeeded";
    const seconds = (performance.now() - begun) / 1000;
    options.writeMetric(
      formatMetric("counter", {
        name: "record_count",
        value: writing.recordCount,
        tags: { endpoint: name },
      }),
    );
    options.writeMetric(
      formatMetric("timer", {
        name: "job_duration",
        value: seconds,
        tags: { job_type: "sync_table", endpoint: name, status },
      }),
    );
  }
  return { rejectedCount: rejected, failedStreams: failed };
}

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** @see https://github.com/singer-io/getting-started/blob/master/docs/SYNC_MODE.md#metric-messages */
function formatMetric(type: string, { name: metric, value, tags }: Measurement): string {
  return `INFO METRIC: ${JSON.stringify({ type, metric, value, tags })}`;
}
