import type { Batch } from "../core/source.ts";
import type { Counts, Session } from "../core/destination.ts";

interface GroupWriterOptions {
  readonly session: Session;
  readonly onWritten: (counts: ReadonlyMap<string, Counts>, group: readonly Batch[]) => void;
  /** Called with the destination's error, after which nothing more is written. */
  readonly onError: (error: unknown) => void;
}

/** Writes groups in their order, at most one of them while another is being stored: it is made ready meanwhile. */
export class GroupWriter {
  readonly #options: GroupWriterOptions;
  #last = Promise.resolve();
  #refusal: { readonly error: unknown } | undefined;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /** Resolves once the group before this one is stored. */
  async write(group: readonly Batch[]): Promise<void> {
    const before = this.#last;
    this.#last = this.#store(group);
    await before;
  }

  /** Resolves once all groups are stored. Throws the destination's error. */
  async end(): Promise<void> {
    await this.#last;
    if (this.#refusal) throw this.#refusal.error;
  }

  async #store(group: readonly Batch[]): Promise<void> {
    // Its checkpoints would vouch for what was refused.
    if (this.#refusal) return;
    const { session, onWritten, onError } = this.#options;
    try {
      onWritten(await session.write(group), group);
    } catch (error) {
      this.#refusal ??= { error };
      onError(error);
    }
  }
}
