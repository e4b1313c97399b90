/** How often requests are rejected with 429: after `allow` of them, the next `refuse`. */
export interface RateLimitFault {
  readonly allow: number;
  readonly refuse: number;
}

/** One request under a rate limit. */
export interface LimitedRequest<Limit> {
  readonly limit: Limit;
  readonly isRefused: boolean;
  /** How many requests are still allowed after this one. */
  readonly remaining: number;
}

/** Counts requests against a rate limit, which may be set or changed while the server runs. */
export class RateLimit<Limit extends RateLimitFault> {
  readonly #current: () => Limit | undefined;
  #requests = 0;

  constructor(current: () => Limit | undefined) {
    this.#current = current;
  }

  /** Counts a request. Undefined without a limit. */
  countRequest(): LimitedRequest<Limit> | undefined {
    const limit = this.#current();
    if (!limit) return undefined;
    const position = this.#requests++ % (limit.allow + limit.refuse);
    const remaining = Math.max(0, limit.allow - position - 1);
    return { limit, isRefused: position >= limit.allow, remaining };
  }
}
