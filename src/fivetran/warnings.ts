import { textResponse } from "./wire.ts";

/** So many are told one by one. */
const maxWarnings = 20;

/** What goes wrong with single rows: told as warnings, which Fivetran shows to people, the first of them one by one and the others as a number. */
export class Warnings {
  #waiting: Buffer[] = [];
  #count = 0;
  readonly #redact: (text: string) => string;

  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  add(message: string): void {
    this.#count += 1;
    if (this.#count <= maxWarnings) this.#waiting.push(this.#warning(message));
  }

  /** Those that have not been sent. */
  *drain(): Generator<Buffer> {
    yield* this.#waiting;
    this.#waiting = [];
  }

  /** The number of those that were not told. */
  *finish(): Generator<Buffer> {
    yield* this.drain();
    if (this.#count > maxWarnings)
      yield this.#warning(
        `and ${this.#count - maxWarnings} more rows were not understood or not sent`,
      );
  }

  #warning(message: string): Buffer {
    return textResponse("warning", this.#redact(message));
  }
}
