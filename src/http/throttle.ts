import pLimit, { type LimitFunction } from "p-limit";
import { HttpError } from "./http-error.ts";

export interface ThrottleOptions {
  /** Upper limit of requests at the same time; where the throttle starts. */
  readonly concurrency: number;
  /** Resolves after so many milliseconds, or rejects as soon as everything is to stop. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => number;
}

/**
 * How many requests go to a service at the same time, and whether any may go at all.
 *
 * A 429 or a time-out halves the limit, once for all requests that were under way together; a full round of successes
 * adds one. Requests that begin while the service wants a pause wait for its end.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #limit: LimitFunction;
  #round = 0;
  #successes = 0;
  #gate: Promise<void> = Promise.resolve();
  #opensAt = 0;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#limit = pLimit(options.concurrency);
  }

  /** The present limit, at least 1. */
  get concurrency(): number {
    return this.#limit.concurrency;
  }

  /** Runs a task once the gate is open and a place is free. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    for (;;) {
      const gate = this.#gate;
      await gate;
      const ran = await this.#limit(async () =>
        // The gate may have closed while the task waited for its place.
        gate === this.#gate ? { value: await this.#watched(task) } : undefined,
      );
      if (ran) return ran.value;
    }
  }

  /** Closes the gate for so long. Milliseconds by which this moves its opening; 0 where it is closed for longer already. */
  pause(milliseconds: number): number {
    const now = this.#options.now();
    const opensAt = now + milliseconds;
    const added = opensAt - Math.max(now, this.#opensAt);
    if (added <= 0) return 0;
    this.#opensAt = opensAt;
    this.#gate = this.#options.sleep(milliseconds);
    // Whoever waits gets the rejection; where nobody does, it is no news.
    this.#gate.catch(() => undefined);
    return added;
  }

  async #watched<T>(task: () => Promise<T>): Promise<T> {
    const round = this.#round;
    try {
      const value = await task();
      if (round === this.#round) this.#grow();
      return value;
    } catch (error) {
      if (round === this.#round && isCongestion(error)) this.#halve();
      throw error;
    }
  }

  #grow(): void {
    this.#successes += 1;
    if (this.#successes < this.#limit.concurrency) return;
    this.#successes = 0;
    if (this.#limit.concurrency < this.#options.concurrency) this.#limit.concurrency += 1;
  }

  #halve(): void {
    this.#round += 1;
    this.#successes = 0;
    this.#limit.concurrency = Math.max(1, Math.floor(this.#limit.concurrency / 2));
  }
}

function isCongestion(error: unknown): boolean {
  return error instanceof HttpError && (error.status === 429 || error.kind === "timeout");
}
