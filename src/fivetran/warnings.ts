import { textResponse } from "./wire.ts";

/** Warnings that are sent individually. */
const maxWarnings = 20;

/**
 * Problems with single rows, for Fivetran to show: the first ones individually, then their number.
 */
export class Warnings {
  #pending: Buffer[] = [];
  #count = 0;
  readonly #redact: (text: string) => string;

  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  /** Adds a warning. */
  add(message: string): void {
    this.#count += 1;
    if (this.#count <= maxWarnings) this.#pending.push(this.#warning(message));
  }

  /** Yields warnings that have not been sent yet. */
  *drain(): Generator<Buffer> {
    yield* this.#pending;
    this.#pending = [];
  }

  /** Yields the rest, and the number of warnings that were not sent individually. */
  *finish(): Generator<Buffer> {
    yield* this.drain();
    if (this.#count > maxWarnings)
      yield this.#warning(`and ${this.#count - maxWarnings} more rows could not be read or sent`);
  }

  #warning(message: string): Buffer {
    return textResponse("warning", this.#redact(message));
  }
}
