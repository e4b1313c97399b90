import type { StreamBatch } from "../core/source.ts";
import { unlessAborted } from "../core/unless-aborted.ts";

/** Knows when all batches that a stream has yielded so far are written. */
export class WrittenBatches {
  #yielded = 0;
  #written = 0;
  #waiting: (() => void)[] = [];

  /** The same batches, counted. */
  async *count(batches: AsyncIterable<StreamBatch>): AsyncGenerator<StreamBatch> {
    for await (const batch of batches) {
      this.#yielded += 1;
      yield batch;
    }
  }

  /** Records that so many more are written. */
  record(batches: number): void {
    this.#written += batches;
    if (this.#written < this.#yielded) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when all are written; rejects with the signal's reason. */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#written >= this.#yielded) return;
    const written = new Promise<void>((resolve) => this.#waiting.push(resolve));
    await unlessAborted(written, signal);
  }
}
