/** Bytes of state that may be written before any rows were sent. */
const initialBytes = 2 ** 20;

/** Bytes of rows that pay for one byte of state. */
const rowBytesPerStateByte = 10;

/** Progress is saved at least this often, whatever it costs. */
const maxIntervalMs = 60_000;

/**
 * Limits how much state a face writes that can only write all of it at once: a checkpoint for
 * Fivetran, a STATE for Singer. With every group, a large state would outweigh its rows many times.
 * So it is a tenth of the rows at most, beyond the first mebibyte and one state a minute; small
 * states are written with every group.
 */
export class StateBudget {
  readonly #now: () => number;
  #bytes = initialBytes;
  #lastMs: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastMs = now();
  }

  /** Adds rows that were sent. */
  addRows(bytes: number): void {
    this.#bytes += bytes / rowBytesPerStateByte;
  }

  /** Whether a state of this size may be written now. */
  allows(bytes: number): boolean {
    return bytes <= this.#bytes || this.#now() - this.#lastMs >= maxIntervalMs;
  }

  /** Call for each state that is written, allowed or not. */
  spend(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
    this.#lastMs = this.#now();
  }
}
