import type { Log } from "../core/log.ts";
import type { Wanted } from "./catalog.ts";
import type { Output } from "./line-output.ts";
import { StreamWriting } from "./tap-stream.ts";
import type { TapState } from "./tap-state.ts";

export interface TapOptions {
  readonly wanted: readonly Wanted[];
  readonly state: TapState;
  /** What is copied, so that a target never mixes two. */
  readonly identity: string;
  readonly output: Output;
  /** Is given the metric lines of Singer. */
  readonly metric: (line: string) => void;
  readonly startedAt: Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How a tap's run ended. */
export interface TapEnd {
  /** What could not be understood or written. */
  readonly rejected: number;
  /** Streams that could not be read to their end. */
  readonly failed: readonly string[];
}

/**
 * Writes SCHEMA, RECORD and STATE messages of streams, one stream after the other. A STATE comes after everything that it vouches for. A stream that cannot
 * be read fails alone. Throws a ClosedPipe where nobody reads any more.
 */
export async function tap(options: TapOptions): Promise<TapEnd> {
  const failed: string[] = [];
  let rejected = 0;
  for (const wanted of options.wanted) {
    const { name } = wanted.stream;
    const writing = new StreamWriting(wanted, options);
    const begun = performance.now();
    const failure = await writing.run();
    if (failure) {
      failed.push(name);
      options.log.severe(`${name}: ${failure.message}`);
    }
    rejected += writing.rejected;
    const status = failure ? "failed" : "succeeded";
    const seconds = (performance.now() - begun) / 1000;
    options.metric(
      metricLine("counter", {
        name: "record_count",
        value: writing.records,
        tags: { endpoint: name },
      }),
    );
    options.metric(
      metricLine("timer", {
        name: "job_duration",
        value: seconds,
        tags: { job_type: "sync_table", endpoint: name, status },
      }),
    );
  }
  return { rejected, failed };
}

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** @see https://github.com/singer-io/getting-started/blob/master/docs/SYNC_MODE.md#metric-messages */
function metricLine(type: string, { name: metric, value, tags }: Measurement): string {
  return `INFO METRIC: ${JSON.stringify({ type, metric, value, tags })}`;
}
