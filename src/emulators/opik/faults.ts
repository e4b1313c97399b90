import type { LimitedRequest, RateLimitFault } from "../rate-limit.ts";

/** Faults that an Opik emulator can show. Any member may be changed while the server runs. */
export interface OpikFaults {
  /** Rejects some of the requests with 429. */
  rateLimit?: OpikRateLimit;
  /** Delay before each response. */
  latencyMs?: number;
  /** Maximum rows in a page or stream, whatever was requested. */
  pageSizeCap?: number;
  /** The id of a dataset whose items always fail with 500. */
  brokenDataset?: string;
  /** Breaks a stream after this many rows, if there are more. */
  streamBreak?: { readonly afterRows: number; readonly how: StreamBreak };
  /** The server has no stream endpoint and answers with this status instead. */
  missingStreamStatus?: 404 | 405;
  /** Lists return all rows, whatever page was requested. */
  ignorePaging?: boolean;
  /**
   * Responses have the shape that the original connector's documentation describes: pages are
   * `{"items":[…]}`, and items have `inputs` and `outputs`.
   */
  documentedShape?: boolean;
  /**
   * Called when a page or stream is complete, before it is sent: its changes show in the next one.
   */
  onPage?: (page: { readonly path: string; readonly rows: number }) => void;
}

/**
 * How a stream with status 200 breaks: with a line `{"code":500,…}` for a timeout, with a clean end
 * for any other server error, or with a dropped connection.
 */
export type StreamBreak = "timeout" | "silence" | "disconnect";

/** The headers of a response under a rate limit. */
export function rateLimitHeaders({
  limit,
  isRefused,
  remaining,
}: LimitedRequest<OpikRateLimit>): Record<string, string> {
  const seconds = limit.resetSeconds ?? 1;
  return {
    "Opik-Workspace-Limit": "workspace",
    "Opik-Workspace-Remaining-Limit": String(remaining),
    "Opik-Workspace-Remaining-Limit-TTL-Millis": String(seconds * 1000),
    ...(isRefused ? { "RateLimit-Reset": String(seconds) } : {}),
  };
}

interface OpikRateLimit extends RateLimitFault {
  /** The value of `RateLimit-Reset` (default 1). */
  readonly resetSeconds?: number;
}
