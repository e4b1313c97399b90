import type { Batch } from "../core/source.ts";
import type { Counts, Session } from "../core/destination.ts";

interface GroupWriterOptions {
  readonly session: Pick<Session, "write">;
  readonly onWritten: (counts: ReadonlyMap<string, Counts>, group: readonly Batch[]) => void;
  /** Called with the destination's error, once; nothing is written after it. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes groups in order, two at a time: while one is committed, the destination prepares the next.
 * A group that holds memory is written alone.
 */
export class GroupWriter {
  readonly #options: GroupWriterOptions;
  #last = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /**
   * Starts to write a group; resolves when the previous group is committed, and this one too if it
   * holds memory.
   */
  async write(group: readonly Batch[]): Promise<void> {
    const previous = this.#last;
    this.#last = this.#commit(group);
    await (group.some(({ held }) => held) ? this.#last : previous);
  }

  /** Resolves when all groups are committed. Throws the destination's error. */
  async end(): Promise<void> {
    await this.#last;
    if (this.#failure) throw this.#failure.error;
  }

  async #commit(group: readonly Batch[]): Promise<void> {
    // Its checkpoints would skip the rows of the group that failed.
    if (this.#failure) return;
    const { session, onWritten, onError } = this.#options;
    try {
      onWritten(await session.write(group), group);
    } catch (error) {
      this.#failure ??= { error };
      onError(error);
    }
  }
}
