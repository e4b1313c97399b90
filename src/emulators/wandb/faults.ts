import type { HttpResponse } from "./response.ts";

/** What a W&B server does to its clients; every member may be changed while the server runs. */
export interface WandbFaults {
  /** What the next requests get instead of their answer, one each. */
  nextResponses?: HttpResponse[];
  /** Lets so many requests pass, refuses so many with 429, and begins again. */
  rateLimit?: RateLimitFault;
  /** Milliseconds before each answer. */
  latencyMs?: number;
  /** What a request with a wrong key gets; without it, 200 with nothing but null. */
  wrongKeyStatus?: 401;
  /** Fields of an older server's schema that are not there yet, such as `Run.updatedAt`. */
  missingFields?: readonly string[];
  /** The most runs or projects in a page, however many were asked for. */
  pageSizeCap?: number;
  /** Before each page of runs comes one without edges that says `hasNextPage: true`. */
  emptyPages?: boolean;
  /** The second page of runs says that there are more, and its cursor is the one that it was asked with. */
  stuckCursor?: boolean;
  /** Asking for more of these at once takes the service too long: 502 with HTML. */
  tooLarge?: { readonly runs?: number; readonly rows?: number };
  /** The history of a run that always fails: by an error in a 200, or with a status. */
  brokenHistory?: { readonly run: string; readonly status?: number };
  /** What `history(minStep, maxStep, samples)` does where there are more rows: a random sample of them, or the first ones. */
  overfullPage?: "sample" | "first";
  /** What a request gets that asks for more single runs than `runs`: an error, or an answer that comes so much later for each of them. */
  complexity?: { readonly runs: number; readonly slowMs?: number };
  /** Offers the REST shape that the original connector's documentation describes. */
  rest?: RestOptions;
  /** Called when a page has been put together, before it is sent: what it changes is in the next one. */
  onPage?: (page: { readonly field: "models" | "runs" | "history"; readonly size: number }) => void;
  /** Compresses for clients that accept it. */
  gzip?: boolean;
}

export interface RateLimitFault {
  readonly allow: number;
  readonly refuse: number;
  /** What `RateLimit-Reset` says (default 1). */
  readonly resetSeconds?: number;
  /** What `Retry-After` says; without it there is no such header. */
  readonly retryAfter?: string;
}

export interface RestOptions {
  /** What `/graphql` answers where REST is all there is. */
  readonly graphql?: 404 | 405;
  /** How `nextUrl` is written: in full (default), from the root, or on another origin. */
  readonly nextUrl?: "absolute" | "relative" | { readonly origin: string };
  /** The most rows of a history in one answer (default: all). */
  readonly historyPage?: number;
  /** Leaves NaN and the infinities bare, as Python writes them, instead of null. */
  readonly bareNonFinite?: boolean;
}

/** Counts requests against `traps.rateLimit`. */
export class RateLimit {
  readonly #traps: WandbFaults;
  #seen = 0;

  constructor(traps: WandbFaults) {
    this.#traps = traps;
  }

  /** Takes one request: the headers that its answer carries and whether it is refused. */
  countRequest(): { refused: boolean; headers: Record<string, string> } {
    const limit = this.#traps.rateLimit;
    if (!limit) return { refused: false, headers: {} };
    const position = this.#seen++ % (limit.allow + limit.refuse);
    const refused = position >= limit.allow;
    const headers = {
      "RateLimit-Limit": String(limit.allow),
      "RateLimit-Remaining": String(Math.max(0, limit.allow - position - 1)),
      "RateLimit-Reset": String(limit.resetSeconds ?? 1),
    };
    if (!refused || limit.retryAfter === undefined) return { refused, headers };
    return { refused, headers: { ...headers, "Retry-After": limit.retryAfter } };
  }
}
