import type { IncomingHttpHeaders } from "node:http";
import type { Body } from "./body.ts";
import type { Query } from "./url.ts";

/** Options of a GET request. */
export interface GetOptions {
  readonly query?: Query;
  readonly maxResponseBytes?: number | undefined;
  /** Maximum retries of this request; the client's own limit applies too. */
  readonly retryAttempts?: number | undefined;
  /** Time limit of one attempt of this request; the client's own limit applies too. */
  readonly requestTimeoutMs?: number | undefined;
}

/** Options of a POST request. */
export interface PostOptions extends GetOptions {
  /** The body, sent as JSON. */
  readonly json?: unknown;
  /** The body, sent as a form; excludes `json`. */
  readonly form?: Query;
}

/** A request with its reader of the response. */
export interface Request<Value> extends PostOptions {
  readonly method: "GET" | "POST";
  readonly path: string;
  /**
   * Reads the body. If it throws a TransientError, the request is retried; other errors are final.
   */
  readonly accept: (body: Body) => Value;
}

/** A response with a status of 2xx. */
export interface Answer<Value> {
  readonly body: Body;
  /** What `accept` returned. */
  readonly value: Value;
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
}
