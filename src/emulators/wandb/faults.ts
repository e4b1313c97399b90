import type { LimitedRequest, RateLimitFault } from "../rate-limit.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { HttpResponse } from "./response.ts";

/** Faults that a W&B emulator can show. Any member may be changed while the server runs. */
export interface WandbFaults {
  /** Responses for the next requests, one each, instead of the real ones. */
  nextResponses?: HttpResponse[];
  /** Rejects some of the requests with 429. */
  rateLimit?: WandbRateLimit;
  /** Delay before each response. */
  latencyMs?: number;
  /** The status for a wrong key; without it the response is 200 and all data is null. */
  wrongKeyStatus?: 401;
  /** The key is treated as a wrong one, as after it has expired. */
  keyRevoked?: boolean;
  /**
   * Fields that an older server's schema lacks, such as `Run.updatedAt`, or single arguments, such
   * as `Project.runs.filters`.
   */
  missingFields?: readonly string[];
  /** How invalid queries are answered: with this status (default 400) and these quotes. */
  invalidQuery?: { readonly status?: number; readonly quotes?: "single" };
  /** Maximum runs or projects in a page, whatever was requested. */
  pageSizeCap?: number;
  /**
   * Sends a page without edges but with `hasNextPage: true` before each page of runs, or only if
   * more than `above` runs match.
   */
  emptyPages?: boolean | { readonly above: number };
  /** Runs that are equal in the order come in another order in each response. */
  unstableTies?: boolean;
  /** Listings of runs come in another random order in each response. */
  orderIgnored?: boolean;
  /** Fields whose `filters` have no effect: all runs are listed, or counted. */
  filtersIgnored?: { readonly runs?: boolean; readonly runCount?: boolean };
  /** A condition on one of these fields, such as `createdAt` or `name`, matches nothing. */
  deadFilters?: readonly string[];
  /** Hidden runs are in the counts, though in no page. */
  countHidden?: boolean;
  /**
   * Every page of runs but the first claims to have a successor and repeats the cursor it was
   * given.
   */
  stuckCursor?: boolean;
  /**
   * Requests for more runs or rows than this fail with 502 and HTML, as after a proxy's timeout.
   */
  tooLarge?: { readonly runs?: number; readonly rows?: number };
  /**
   * The history of this run always fails: with an error in a 200, with a status (502 in HTML), or
   * the request gets no response at all.
   */
  brokenHistory?: { readonly run: string; readonly status?: number | "silent" };
  /**
   * What `history` returns if there are more rows than `samples`: a random sample, or the first
   * ones.
   */
  overfullPage?: "sample" | "first";
  /**
   * Requests that select more single runs than `runs` fail, or with `slowMs` take that much longer
   * for each run above the limit.
   */
  complexity?: { readonly runs: number; readonly slowMs?: number };
  /** Also serves the REST API that the original connector's documentation describes. */
  rest?: RestOptions;
  /** Called before each response is built, whatever it will be: its changes show in this one. */
  onRequest?: (request: ReceivedRequest) => void;
  /**
   * Called when a response is complete, before it is sent: its changes show in the next one. A
   * response is one snapshot.
   */
  onAnswer?: (request: ReceivedRequest) => void;
  /** Called for each page in a response, before `onAnswer`. */
  onPage?: (page: AnsweredPage) => void;
  /** Compresses responses for clients that accept it. */
  gzip?: boolean;
}

/** A page in a response. */
export interface AnsweredPage {
  readonly field: "models" | "runs" | "history";
  readonly size: number;
}

interface WandbRateLimit extends RateLimitFault {
  /** The value of `RateLimit-Reset` (default 1). */
  readonly resetSeconds?: number;
  /** The value of `Retry-After`; without it there is no such header. */
  readonly retryAfter?: string;
}

/** How the REST API behaves. */
export interface RestOptions {
  /** The status of `/graphql` on a server that has only REST. */
  readonly graphql?: 404 | 405;
  /** The form of `nextUrl`: absolute (default), relative to the root, or on another origin. */
  readonly nextUrl?: "absolute" | "relative" | { readonly origin: string };
  /** Maximum rows in a page of a history (default: all). */
  readonly historyPage?: number;
  /** Writes NaN and the infinities bare, as Python does, instead of null. */
  readonly bareNonFinite?: boolean;
}

/** The headers of a response under a rate limit. */
export function rateLimitHeaders({
  limit,
  isRefused,
  remaining,
}: LimitedRequest<WandbRateLimit>): Record<string, string> {
  return {
    "RateLimit-Limit": String(limit.allow),
    "RateLimit-Remaining": String(remaining),
    "RateLimit-Reset": String(limit.resetSeconds ?? 1),
    ...(isRefused && limit.retryAfter !== undefined ? { "Retry-After": limit.retryAfter } : {}),
  };
}
