/** What an Opik service does to its clients; every member may be changed while the service runs. */
export interface OpikFaults {
  /** Lets so many requests pass, refuses so many with 429, and begins again. `resetSeconds` is what `RateLimit-Reset` says (default 1). */
  rateLimit?: { readonly allow: number; readonly refuse: number; readonly resetSeconds?: number };
  /** Milliseconds before each answer. */
  latencyMs?: number;
  /** The most rows in a page or stream, however many were asked for. */
  pageSizeCap?: number;
  /** The id of a dataset whose items always answer 500. */
  brokenDataset?: string;
  /** Breaks a stream after so many rows, if more were to come. */
  streamBreak?: { readonly afterRows: number; readonly how: StreamBreak };
  /** The status of a service that has no stream endpoint. */
  missingStreamStatus?: 404 | 405;
  /** Every list answers all its rows, whatever page was asked for. */
  ignorePaging?: boolean;
  /** The shape that the original connector's documentation describes: pages are `{"items":[…]}`, items have `inputs` and `outputs`. */
  documentedShape?: boolean;
  /** Called when a page or stream has been put together, before it is sent: what it changes is in the next one. */
  onPage?: (page: { readonly path: string; readonly rows: number }) => void;
}

/**
 * How a stream breaks inside its 200: a line `{"code":500,…}` after a time-out, a clean end after any other error of the service, or a
 * connection that is cut.
 */
export type StreamBreak = "timeout" | "silence" | "disconnect";

/** Counts requests against `traps.rateLimit`. */
export class RateLimit {
  readonly #traps: OpikFaults;
  #seen = 0;

  constructor(traps: OpikFaults) {
    this.#traps = traps;
  }

  /** Takes one request: the headers that its answer carries and whether it is refused. */
  countRequest(): { refused: boolean; headers: Record<string, string> } {
    const limit = this.#traps.rateLimit;
    if (!limit) return { refused: false, headers: {} };
    const position = this.#seen++ % (limit.allow + limit.refuse);
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
