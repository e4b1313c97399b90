import type { IncomingHttpHeaders } from "node:http";
import type { Body } from "./body.ts";
import type { Query } from "./url.ts";

export interface GetOptions {
  readonly query?: Query;
  readonly maxResponseBytes?: number;
  /** Retries of this request, at most; the client's own limit holds as well. */
  readonly retryAttempts?: number;
}

export interface PostOptions extends GetOptions {
  /** The body, as JSON. */
  readonly json?: unknown;
  /** The body, as a form; not together with `json`. */
  readonly form?: Query;
}

export interface Request<Value> extends PostOptions {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Reads the body. A TransientError that it throws has the request sent again, any other error is final. */
  readonly accept: (body: Body) => Value;
}

export interface Answer<Value> {
  readonly body: Body;
  /** What `accept` made of it. */
  readonly value: Value;
  readonly status: number;
  /** By name in lower case. */
  readonly headers: IncomingHttpHeaders;
}
