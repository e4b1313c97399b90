import { zeroCounts, type Differences, type TableComparison } from "../core/destination.ts";
import type { ReadOptions, Rejected, Stream } from "../core/source.ts";
import { readStream } from "./read-stream.ts";
import type { ProgressListener } from "./sync.ts";

/** How to verify a stream. */
export interface VerifyOptions extends Omit<ReadOptions, "checkpoints"> {
  readonly comparison: TableComparison;
  /** The number of rows in the table. */
  readonly storedRows: number;
  readonly progress: ProgressListener;
  /** Gets what the source could not read or understand. */
  readonly onRejected: (entry: Rejected) => void;
}

/** Reads a stream from its start, as a first sync does, and compares its rows with a table. */
export async function verifyStream(stream: Stream, options: VerifyOptions): Promise<Differences> {
  const { comparison, storedRows, progress, onRejected } = options;
  const counts = zeroCounts();
  let expected = storedRows;
  progress.started(stream);
  try {
    for await (const group of readStream(stream, { ...options, checkpoints: new Map() })) {
      await comparison.add(group);
      for (const batch of group) {
        counts.unchanged += batch.rows.length;
        for (const entry of batch.rejected ?? []) onRejected(entry);
        expected = batch.expected ?? expected;
        const { partitions } = batch;
        progress.wrote(stream.name, counts, { expected, ...(partitions ? { partitions } : {}) });
      }
    }
    return await comparison.end();
  } finally {
    progress.ended(stream.name);
  }
}
