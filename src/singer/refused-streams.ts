import type { Session, WriteResult } from "../core/destination.ts";
import { ClaimedTableError, isTableError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Batch } from "../core/source.ts";

interface RefusedStreamsOptions {
  readonly session: Pick<Session, "write">;
  /** The stream that owns the STATEs. */
  readonly inputStream: string;
  /** Called with what was written. */
  readonly onWritten: (batches: readonly Batch[]) => void;
  readonly log: Log;
}

/**
 * Writes the batches of all streams but those that cannot be read or written. The first batch that
 * is left out also holds back all STATEs after it, so that the tap sends the same records again.
 */
export class RefusedStreams {
  readonly #options: RefusedStreamsOptions;
  readonly #errors = new Map<string, Error>();
  #holdsStates = false;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(options: RefusedStreamsOptions) {
    this.#options = options;
  }

  /** The errors of the streams that are left out, by stream. */
  get errors(): ReadonlyMap<string, Error> {
    return this.#errors;
  }

  /** Leaves out a stream from now on. */
  add(stream: string, error: Error): void {
    if (this.#errors.has(stream)) return;
    this.#errors.set(stream, error);
    this.#options.log.severe(`${stream}: ${error.message}`);
  }

  /** Like `write` of a session: may be called before the last one has ended. */
  write(batches: readonly Batch[]): Promise<WriteResult> {
    const previous = this.#lastWrite;
    const write = this.#write(previous, batches);
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }

  async #write(previous: Promise<unknown>, batches: readonly Batch[]): Promise<WriteResult> {
    const { session, onWritten } = this.#options;
    const accepted = this.#withoutRefused(batches);
    try {
      const result = await session.write(accepted);
      onWritten(accepted);
      return result;
    } catch (error) {
      // This one, or the one before it, which fails this one, too.
      if (!failsStreamOnly(error)) throw error;
      this.add(error.stream, error);
    }
    await previous;
    return await this.#write(previous, batches);
  }

  #withoutRefused(batches: readonly Batch[]): readonly Batch[] {
    if (this.#errors.size === 0) return batches;
    return batches.filter((batch) => {
      if (batch.stream === this.#options.inputStream)
        return batch.checkpoint === undefined || !this.#holdsStates;
      const isRefused = this.#errors.has(batch.stream);
      // What a stream's own checkpoint says is not lost: the next run derives it again.
      this.#holdsStates ||= isRefused && batch.checkpoint === undefined;
      return !isRefused;
    });
  }
}

/**
 * Whether the other streams of a tap can be written after this error. In a sync, a table of another
 * pipeline ends everything, because it shows that the destination is the wrong one.
 */
export function failsStreamOnly(error: unknown): error is Error & { readonly stream: string } {
  return isTableError(error) || error instanceof ClaimedTableError;
}
