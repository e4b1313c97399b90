import type { IncomingHttpHeaders } from "node:http";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";
import type { Body } from "./body.ts";
import type { TimeLimits } from "./deadline.ts";
import { parseJson } from "./json-body.ts";
import type { HttpError } from "./http-error.ts";
import type { Remedies } from "./request-error.ts";
import { Sender, type ClientSettings } from "./sender.ts";
import { sleep } from "../core/sleep.ts";
import { type Query, urlOf } from "./url.ts";

export interface ClientOptions extends Partial<TimeLimits> {
  /** Paths are appended to it. */
  readonly baseUrl: string;
  /** Sent with every request. Values of 8 characters and more count as secret: messages never show them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further values that messages never show, for example a key that goes into the query. */
  readonly secrets?: readonly string[];
  /** Milliseconds for one attempt from its start to the last byte of the answer. Default: 120 s. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds without a byte after which an attempt is given up. Default: 30 s. */
  readonly silenceTimeoutMs?: number;
  /** Milliseconds for name, connection and TLS handshake. Default: 10 s. */
  readonly connectTimeoutMs?: number;
  /** How often a request is sent again after it failed in a way that passes. Default: 6. */
  readonly retryAttempts?: number;
  /** Upper limit of requests at the same time; the client uses fewer while the service cannot keep up. Default: 8. */
  readonly concurrency?: number;
  /** The longest wait, in milliseconds, that a service may ask for; above it the request fails at once. Default: 5 min. */
  readonly maxWaitMs?: number;
  /** Bytes of an answer, unpacked, above which it is given up. Default: 64 MiB. */
  readonly maxResponseBytes?: number;
  /** What to do about a status that is for a person to mend, appended to its error: `{ 401: "check opik.COMET_OPIK_API_KEY" }`. */
  readonly remedies?: Remedies;
  /** Whether another status than 401 and 403 is for a person to mend; `where` is `GET https://host/path`. */
  readonly mustChange?: (failure: HttpError, where: string) => boolean;
  readonly transfer: RequestStats;
  readonly log: Log;
  /** Stops everything at once; its reason is what every request then throws. */
  readonly signal: AbortSignal;
  /** For tests: a number from 0 up to 1, milliseconds since 1970, and a pause. */
  readonly random?: () => number;
  readonly now?: () => number;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

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

/**
 * One service over HTTP. A path is relative to the base URL; an absolute URL must lead to the same host.
 *
 * Failures that pass are retried, a POST's too, because rivulet only reads. What is left throws a ConfigError (401, 403,
 * certificates), a TransientError (network, 408, 425, 429, 5xx but 501, answers that break off or make no sense) or a SourceError (other
 * statuses, answers that are too large, redirects to another host); `failure.ts` says more about each. Or the reason of
 * the signal, as it is.
 */
export interface Client {
  readonly baseUrl: string;
  request<Value>(request: Request<Value>): Promise<Answer<Value>>;
  /** The body as text, whatever it is. */
  get(path: string, options?: GetOptions): Promise<Answer<string>>;
  post(path: string, options?: PostOptions): Promise<Answer<string>>;
  /** What `JSON.parse` makes of the body; anything that it does not accept is retried. */
  getJson(path: string, options?: GetOptions): Promise<Answer<unknown>>;
  postJson(path: string, options?: PostOptions): Promise<Answer<unknown>>;
}

/** A client for one service: it keeps connections, retries, and never asks faster than the service can answer. */
export function newClient(options: ClientOptions): Client {
  const { baseUrl } = options;
  checkHeaders(options.headers ?? {});
  const sender = new Sender(settingsOf(options));
  const request = async <Value>(wanted: Request<Value>): Promise<Answer<Value>> =>
    sender.send(wanted, urlOf(baseUrl, wanted.path, wanted.query));
  const asText = ({ text }: Body): string => text;
  const asJson = ({ text }: Body): unknown => parseJson(text);
  return {
    baseUrl,
    request,
    get: (path, options) => request({ method: "GET", path, accept: asText, ...options }),
    post: (path, options) => request({ method: "POST", path, accept: asText, ...options }),
    getJson: (path, options) => request({ method: "GET", path, accept: asJson, ...options }),
    postJson: (path, options) => request({ method: "POST", path, accept: asJson, ...options }),
  };
}

/** HTTP carries no other characters, and leaving them out would ask for something else. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (/^[\x20-\x7e]*$/.test(value)) continue;
    throw new ConfigError(
      `header "${name}": expected ASCII characters only; check what goes into it`,
    );
  }
}

function settingsOf(options: ClientOptions): ClientSettings {
  return {
    headers: {},
    secrets: [],
    requestTimeoutMs: 120_000,
    silenceTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    retryAttempts: 6,
    concurrency: 8,
    maxWaitMs: 5 * 60_000,
    maxResponseBytes: 64 * 2 ** 20,
    remedies: {},
    mustChange: () => false,
    random: Math.random,
    now: Date.now,
    sleep,
    ...options,
  };
}
