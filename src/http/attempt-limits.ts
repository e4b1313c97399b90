import { TransientError } from "../core/errors.ts";
import { httpErrorOf, isOverload, isTooLarge } from "./http-error.ts";

/** How often and how long a request is tried. */
export interface AttemptLimits {
  /** Not to be sent with other requests, because it failed or is likely to. */
  readonly isolated: boolean;
  readonly retryAttempts: number;
  /** Undefined: the client's own limit. */
  readonly requestTimeoutMs: number | undefined;
}

/** What to do after a failure; `end`: the resource cannot be read now. */
type NextStep = "same size" | "smaller" | "end";

interface AttemptOptions {
  /** Whether the resource failed in the last sync. */
  readonly singleAttempt: boolean;
  /** Retries of a request that is of normal size. */
  readonly retryAttempts: number;
}

/** Failures that a retry of the same size would not mend. */
const notRetried: ReadonlySet<string> = new Set(["deferred", "outage", "timeout"]);

/** Together, the smaller and smaller requests take no longer than this. */
const patienceMs = 30_000;

/**
 * How hard to try to read one resource, so that one that the service cannot return costs no
 * minutes. A first attempt that took too long is not repeated; one that failed otherwise is, with
 * all retries, by which the client also finds out whether the whole service is down. Then less is
 * requested: each size is tried once, and gets half of the time that is left.
 */
export class ResourceAttempts {
  readonly #retryAttempts: number;
  #stage: "first" | "retries" | "smaller";
  #isolated: boolean;
  #patienceMs = patienceMs;

  constructor({ singleAttempt, retryAttempts }: AttemptOptions) {
    this.#retryAttempts = retryAttempts;
    this.#isolated = singleAttempt;
    this.#stage = singleAttempt ? "smaller" : "first";
  }

  /** The limits of the next request. */
  limits(): AttemptLimits {
    const isolated = this.#isolated;
    if (this.#stage === "smaller") {
      this.#patienceMs /= 2;
      return { isolated, retryAttempts: 0, requestTimeoutMs: this.#patienceMs };
    }
    const retryAttempts = this.#stage === "first" ? 0 : this.#retryAttempts;
    return { isolated, retryAttempts, requestTimeoutMs: undefined };
  }

  /** After a success, the next request is tried as hard as the first. */
  recordSuccess(): void {
    this.#stage = "first";
    this.#patienceMs = patienceMs;
  }

  /** Records a failure. */
  recordFailure(error: unknown): NextStep {
    const kind: string = httpErrorOf(error)?.kind ?? "";
    const mayRetry = error instanceof TransientError && !notRetried.has(kind);
    this.#isolated = true;
    if (this.#stage === "first" && mayRetry && this.#retryAttempts > 0) {
      this.#stage = "retries";
      return "same size";
    }
    if (!(isOverload(error) || isTooLarge(error))) return "end";
    this.#stage = "smaller";
    return "smaller";
  }
}
