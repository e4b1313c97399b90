import pLimit, { type LimitFunction } from "p-limit";
import { unlessAborted } from "../core/unless-aborted.ts";
import { HttpError } from "./http-error.ts";

interface ThrottleOptions {
  /** The maximum of parallel requests, and the initial limit. */
  readonly concurrency: number;
  /** Resolves after this time, or rejects when the sync is aborted. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Limits parallel requests to a service, and holds them back during a pause.
 *
 * A 429 or a timeout halves the limit, once for all requests that were in progress together; a full
 * round of successes adds one. Requests that start during a pause wait for its end. `allow` keeps
 * the number of parallel requests below what the service still allows.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #limit: LimitFunction;
  /** The limit that adapts to successes and failures. */
  #adapted: number;
  #allowed = Infinity;
  #round = 0;
  #successes = 0;
  #gate: Promise<void> = Promise.resolve();
  #opensAt = 0;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#limit = pLimit(options.concurrency);
    this.#adapted = options.concurrency;
  }

  /** The current limit, at least 1. */
  get concurrency(): number {
    return this.#limit.concurrency;
  }

  /**
   * Allows no more parallel requests than this, but at least one. Those in progress may already
   * count among what the service allows, or not: so many can never be too many.
   */
  allow(requests: number): void {
    this.#allowed = requests;
    this.#applyLimit();
  }

  /** Resolves as soon as there is no pause; rejects with the reason of the signal if it aborts. */
  async pauseEnd(signal?: AbortSignal): Promise<void> {
    const isOpen = this.#opensAt <= this.#options.now();
    await (signal && !isOpen ? unlessAborted(this.#gate, signal) : this.#gate);
  }

  /**
   * Runs a task as soon as there is no pause and the limit allows it. If the signal aborts during a
   * pause, rejects with its reason.
   */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const gate = this.#gate;
      await this.pauseEnd(signal);
      const ran = await this.#limit(async () =>
        // A pause may have started while the task waited for a slot.
        gate === this.#gate ? { value: await this.#observe(task) } : undefined,
      );
      if (ran) return ran.value;
    }
  }

  /** Starts a pause. Returns the milliseconds by which it extends the current one, at least 0. */
  pause(milliseconds: number): number {
    const now = this.#options.now();
    const opensAt = now + milliseconds;
    const added = opensAt - Math.max(now, this.#opensAt);
    if (added <= 0) return 0;
    this.#opensAt = opensAt;
    this.#gate = this.#options.sleep(milliseconds);
    // Waiters get the rejection; this avoids an unhandled one when there are none.
    this.#gate.catch(() => undefined);
    return added;
  }

  async #observe<T>(task: () => Promise<T>): Promise<T> {
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
    if (this.#successes < this.#adapted) return;
    this.#successes = 0;
    if (this.#adapted < this.#options.concurrency) this.#adapted += 1;
    this.#applyLimit();
  }

  #halve(): void {
    this.#round += 1;
    this.#successes = 0;
    this.#adapted = Math.max(1, Math.floor(this.#adapted / 2));
    this.#applyLimit();
  }

  #applyLimit(): void {
    this.#limit.concurrency = Math.max(1, Math.min(this.#adapted, this.#allowed));
  }
}

function isCongestion(error: unknown): boolean {
  return error instanceof HttpError && (error.status === 429 || error.kind === "timeout");
}
