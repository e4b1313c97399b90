import type { Session, WriteResult } from "../core/destination.ts";
import { TableError } from "../core/errors.ts";
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
 * Writes the batches of all streams but those whose tables cannot be written until a person changes
 * something. The first batch that is left out also holds back all STATEs after it, so that the tap
 * sends the same records again.
 */
export class RefusedStreams {
  readonly #options: RefusedStreamsOptions;
  readonly #errors = new Map<string, TableError>();
  #holdsStates = false;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(options: RefusedStreamsOptions) {
    this.#options = options;
  }

  /** The errors of the streams that are left out, by stream. */
  get errors(): ReadonlyMap<string, TableError> {
    return this.#errors;
  }

  /** Leaves out a stream from now on. */
  add(error: TableError): void {
    const { stream, message } = error;
    if (this.#errors.has(stream)) return;
    this.#errors.set(stream, error);
    this.#options.log.severe(`${stream}: ${message}`);
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
      if (!(error instanceof TableError)) throw error;
      this.add(error);
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
      this.#holdsStates ||= isRefused;
      return !isRefused;
    });
  }
}
