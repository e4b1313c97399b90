import type { Sweep } from "../core/source.ts";

/** What may be held; a longer history is swept page by page, and can be resumed. */
const maxBytes = 2 ** 20;

/**
 * Sweeps of a history's pages, held back until its end shows that no line is missing: a service
 * that lags behind shows fewer lines than there are, and their rows must not be marked as deleted.
 */
export class HeldSweeps {
  #sweeps: Sweep[] = [];
  #bytes = 0;

  /** Whether sweeps are held back, so that the read must start over if it is interrupted. */
  get isHolding(): boolean {
    return this.#bytes <= maxBytes;
  }

  /** Adds the sweep of a page, and returns those that are not held back any more. */
  add(sweep: Sweep, bytes: number): readonly Sweep[] {
    this.#sweeps.push(sweep);
    this.#bytes += bytes;
    return this.isHolding ? [] : this.release();
  }

  /** All sweeps that are held. */
  release(): readonly Sweep[] {
    const sweeps = this.#sweeps;
    this.#sweeps = [];
    return sweeps;
  }
}
