import { PendingSweeps } from "./pending-sweeps.ts";
import { StateOutput } from "./state-output.ts";
import type { TapOptions } from "./tap-options.ts";
import { TapStream } from "./tap-stream.ts";

/** The outcome of a tap's run. */
export interface TapResult {
  /** Rows that could not be understood or written. */
  readonly rejectedCount: number;
  /** Streams that could not be read completely. */
  readonly failedStreams: readonly string[];
}

/**
 * Writes the SCHEMA, RECORD and STATE messages of the selected streams, one stream after the other.
 * A STATE follows everything it covers. A stream that fails does not stop the others. The last
 * STATE is written even if an error or an interruption ends the run.
 *
 * @throws ClosedPipeError if the reader closed the pipe
 */
export async function runTap(options: TapOptions): Promise<TapResult> {
  const { output } = options;
  const sweeps = new PendingSweeps();
  const states = new StateOutput({ ...options, sweeps });
  try {
    const result = await writeStreams({ ...options, states, sweeps });
    states.writeLast();
    await output.flush();
    return result;
  } catch (error) {
    if (!output.hasFailed) {
      states.writeLast();
      // The first error is the one to report.
      await output.flush().catch(() => undefined);
    }
    throw error;
  }
}

async function writeStreams(
  options: ConstructorParameters<typeof TapStream>[1],
): Promise<TapResult> {
  const failedStreams: string[] = [];
  let rejectedCount = 0;
  for (const selected of options.selected) {
    const { name } = selected.stream;
    const tapStream = new TapStream(selected, options);
    const startMs = performance.now();
    const error = await tapStream.run();
    if (error) {
      failedStreams.push(name);
      options.log.severe(`${name}: ${error.message}`);
    }
    rejectedCount += tapStream.rejectedCount;
    const status = error ? "failed" : "succeeded";
    const seconds = (performance.now() - startMs) / 1000;
    options.writeMetric(
      formatMetric("counter", {
        name: "record_count",
        value: tapStream.recordCount,
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
  return { rejectedCount, failedStreams };
}

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * @see https://github.com/singer-io/getting-started/blob/master/docs/SYNC_MODE.md#metric-messages
 */
function formatMetric(type: string, { name: metric, value, tags }: Measurement): string {
  return `INFO METRIC: ${JSON.stringify({ type, metric, value, tags })}`;
}
