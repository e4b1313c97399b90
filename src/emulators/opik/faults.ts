/** Faults that an Opik emulator can show. Any member may be changed while the server runs. */
export interface OpikFaults {
  /**
   * Repeatedly lets `allow` requests pass and then rejects `refuse` with 429. `resetSeconds` is the
   * value of `RateLimit-Reset` (default 1).
   */
  rateLimit?: { readonly allow: number; readonly refuse: number; readonly resetSeconds?: number };
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

/** Applies `faults.rateLimit`. */
export class RateLimit {
  readonly #faults: OpikFaults;
  #requests = 0;

  constructor(faults: OpikFaults) {
    this.#faults = faults;
  }

  /** Counts a request. Returns whether it is rejected, and the headers of its response. */
  countRequest(): { refused: boolean; headers: Record<string, string> } {
    const limit = this.#faults.rateLimit;
    if (!limit) return { refused: false, headers: {} };
    const position = this.#requests++ % (limit.allow + limit.refuse);
    const refused = position >= limit.allow;
    const seconds = limit.resetSeconds ?? 1;
    const headers = {
      "Opik-Workspace-Limit": "workspace",
      "Opik-Workspace-Remaining-Limit": String(Math.max(0, limit.allow - position - 1)),
      "Opik-Workspace-Remaining-Limit-TTL-Millis": String(seconds * 1000),
    };
    return {
      refused,
      headers: refused ? { ...headers, "RateLimit-Reset": String(seconds) } : headers,
    };
  }
}
