import type { LimitedRequest, RateLimitFault } from "../rate-limit.ts";
import type { RateWindowFault } from "./rate-window.ts";
import type { ReplicaLag } from "./replica-lag.ts";
import type { HttpResponse, StreamBreak } from "./response.ts";

/** Faults that an Opik emulator can show. Any member may be changed while the server runs. */
export interface OpikFaults extends AccessFaults, ItemFaults, ServerFaults {
  /** Responses for the next requests, one each, instead of the real ones. */
  nextResponses?: HttpResponse[];
  /** Delay before each response. */
  latencyMs?: number;
  /** Rejects some of the requests with 429. */
  rateLimit?: OpikRateLimit;
  /** Rejects what exceeds a number of requests in a window of real time, and counts down. */
  rateWindow?: RateWindowFault;
  /** Called before each response is built, whatever it will be: its changes show in this one. */
  onRequest?: (request: ReceivedRequest) => void;
  /** Called when a response is complete, before it is sent: its changes show in the next one. */
  onAnswer?: (request: ReceivedRequest) => void;
  /**
   * Called when a page or stream is complete, before it is sent: its changes show in the next one.
   */
  onPage?: (page: { readonly path: string; readonly rows: number }) => void;
}

/** A request as the hooks see it. */
export interface ReceivedRequest {
  readonly method: string;
  /** Without `/api` and the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is wrong with the key, or with what its owner may see. */
interface AccessFaults {
  /** The key is treated as a wrong one, as after it has expired. */
  keyRevoked?: boolean;
  /** The key is right, but its owner may not read the workspace (any more). */
  accessLost?: 401 | 403;
  /**
   * Paths below `/v1/private` that answer with this status: 403 as for a caller without permission,
   * 404 as an older server, 500 as one that fails.
   */
  endpointStatus?: Readonly<Record<string, number>>;
  /** Hides values from callers that have no permission to see them. */
  redaction?: Redaction;
}

/** Values that are replaced by `[REDACTED]` when they are read. */
export interface Redaction {
  /** Members of the items' `data`. Items with raw JSON are not redacted. */
  readonly fields: readonly string[];
  /**
   * Whether the caller has `trace_original_data_view`. If the look-up fails, everybody's values are
   * hidden, and the endpoint for permissions answers 500.
   */
  readonly permission: "granted" | "lost" | "lookUpFails";
}

/** What is wrong with the items of a dataset, or with their number. */
interface ItemFaults {
  /** The id of a dataset whose items always fail with 500. */
  brokenDataset?: string;
  /** An item that the server can't deliver, so that no page with it can be read. */
  undeliverable?: UndeliverableItem;
  /** Items are read from a replica that has not received the last writes. */
  replicaLag?: ReplicaLag;
  /** The `total` of pages of items is wrong. */
  wrongTotal?: CountFault;
  /** The `items_total` of versions, and with it `dataset_items_count`, is wrong. */
  inflatedCount?: CountFault;
  /** Streams without rows: all of them, or those of datasets without a project. */
  emptyStreams?: "all" | "withoutProject";
  /** Breaks a stream after this many rows, if there are more. */
  streamBreak?: { readonly afterRows: number; readonly how: StreamBreak };
}

/** An item that the server can't deliver. */
export interface UndeliverableItem {
  readonly item: string;
  /**
   * What a page with it is: a 500, JSON with a bare NaN, or cut-off JSON. A stream ends before it
   * without a word instead of the 500.
   */
  readonly how: "status" | "nan" | "brokenJson";
}

/** A number that is wrong by `by`, in one dataset or in all. */
export interface CountFault {
  readonly dataset?: string;
  readonly by: number;
}

/** What an older, smaller or misconfigured server does. */
interface ServerFaults {
  /** Everything but projects, datasets and items answers so, and a wrong key is always a 401. */
  originalGateway?: 404 | 405 | 501;
  /** Everything is answered with the page of a web application. */
  html?: boolean;
  /** Projects and datasets that are in lists, but whose own endpoints answer 404. */
  missingObjects?: readonly string[];
  /**
   * The `id` of an item is that of its row in a version, and its own is `dataset_item_id`, as on
   * servers of early 2026.
   */
  rowIds?: boolean;
  /** Maximum rows in a page or stream, whatever was requested. */
  pageSizeCap?: number;
  /** The server has no stream endpoint and answers with this status instead. */
  missingStreamStatus?: 404 | 405;
  /** Lists return all rows, whatever page was requested. */
  ignorePaging?: boolean;
  /**
   * Responses have the shape that the original connector's documentation describes: pages are
   * `{"items":[…]}`, and items have `inputs` and `outputs`.
   */
  documentedShape?: boolean;
}

/** By how much a count of this dataset is wrong. */
export function countError(fault: CountFault | undefined, datasetId: string): number {
  if (!fault) return 0;
  return fault.dataset === undefined || fault.dataset === datasetId ? fault.by : 0;
}

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
