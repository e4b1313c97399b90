import { setMaxListeners } from "node:events";
import { HttpError, httpErrorOf, isOutage, isTransient } from "./http-error.ts";

/**
 * Tells an outage of the service from a request that fails alone, for all requests of a client.
 *
 * An outage begins when a request has failed in every attempt, or for half a minute, nothing was
 * answered meanwhile, and the probe fails too. It ends with the next answer. When it begins,
 * waiting requests fail at once; during it, new ones are sent only once. They need not find out
 * again, one after another.
 */
export class Outage {
  readonly #probe: (() => Promise<unknown>) | undefined;
  #probing: Promise<boolean> | undefined;
  #answers = 0;
  #isOn = false;
  #next = newBeginning();

  /** Without a probe, only an unreachable service or a 429 tells of an outage. */
  constructor(probe: (() => Promise<unknown>) | undefined) {
    this.#probe = probe;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** How many attempts the service has answered. */
  get answers(): number {
    return this.#answers;
  }

  /** Aborts when the next outage begins; its reason is an HttpError. */
  get next(): AbortSignal {
    return this.#next.signal;
  }

  /** Records that the service answered; a refusal is an answer too. */
  recordAnswer(): void {
    this.#answers += 1;
    this.#isOn = false;
  }

  /** Decides on a request that failed for good; `answers` is from before its first attempt. */
  async recordFailure(failure: HttpError, answers: number): Promise<void> {
    const isOver = (): boolean => this.#isOn || this.#answers > answers;
    if (isOver() || !(isOutage(failure) || (await this.#failsProbe())) || isOver()) return;
    const { message, status } = failure;
    const beginning = this.#next;
    this.#isOn = true;
    this.#next = newBeginning();
    beginning.abort(new HttpError("outage", message, { status }));
  }

  /** Requests that fail together share a probe. */
  #failsProbe(): Promise<boolean> {
    const probe = this.#probe;
    if (!probe) return Promise.resolve(false);
    this.#probing ??= failsTransiently(probe).finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }
}

async function failsTransiently(probe: () => Promise<unknown>): Promise<boolean> {
  try {
    await probe();
    return false;
  } catch (error) {
    const failure = httpErrorOf(error);
    return failure !== undefined && isTransient(failure);
  }
}

function newBeginning(): AbortController {
  const controller = new AbortController();
  // Every waiting request listens to it: more than ten listeners are no leak.
  setMaxListeners(0, controller.signal);
  return controller;
}
