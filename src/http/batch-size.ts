const maxSize = 32;

/** Consecutive successes at the limit after which twice as much is tried. */
const successesToGrow = 16;

const slowMs = 5000;
const maxBytes = 4 * 2 ** 20;

/** Above this size, a larger batch costs memory and saves no time. */
const targetBytes = 2 ** 19;

/**
 * How many requests to combine into one: twice as many after each success, half as many after a
 * failure or a response that is slow or large.
 */
export class BatchSize {
  #current = 1;
  #limit = maxSize;
  #successes = 0;

  /** Requests per batch, at least 1. */
  get current(): number {
    return this.#current;
  }

  /** Records the response to a batch of `size` requests. */
  recordSuccess(
    size: number,
    { bytes, ms }: { readonly bytes: number; readonly ms: number },
  ): void {
    if (ms > slowMs || bytes > maxBytes) {
      this.recordFailure(size);
      return;
    }
    if (size < this.#current || bytes > targetBytes) return;
    if (this.#current < this.#limit) this.#current = Math.min(this.#limit, this.#current * 2);
    else if (this.#limit < maxSize) this.#probe();
  }

  /** Records a failed batch of `size` requests. */
  recordFailure(size: number): void {
    // Batches in flight together fail together, and count once.
    if (size > this.#current) return;
    this.#limit = Math.max(1, Math.floor(size / 2));
    this.#current = this.#limit;
    this.#successes = 0;
  }

  #probe(): void {
    this.#successes += 1;
    if (this.#successes < successesToGrow) return;
    this.#successes = 0;
    this.#limit = Math.min(maxSize, this.#limit * 2);
    this.#current = this.#limit;
  }
}
