import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

/** A request and the service's response to it. */
export interface Exchange {
  readonly request: ServerRequest;
  readonly status: number;
  /** The body of the response, uncompressed. */
  readonly body: string;
  /** Number of responses before this one. */
  readonly index: number;
}

/** Returns what to respond instead; undefined forwards the service's response. */
type Fault = (exchange: Exchange) => RequestHandler | undefined;

/** A reverse proxy in front of a service, which can be made to misbehave. */
export interface HttpProxy extends AsyncDisposable {
  readonly url: string;
  /** Number of responses of the service so far. */
  readonly responseCount: number;
  readonly requests: readonly ServerRequest[];
  /** Delay before each response. */
  latencyMs: number;
  fault: Fault | undefined;
  /** Returns the request to forward instead. */
  rewrite: ((request: ServerRequest) => ServerRequest) | undefined;
  /** Called when a request has arrived. */
  onRequest: ((request: ServerRequest) => void) | undefined;
  /** Called before a response is sent. Changes to the service show in the next one. */
  onResponse: ((exchange: Exchange) => void) | undefined;
  /** Resolves after this many further responses of the service. */
  waitForResponses(count: number): Promise<void>;
}

const forwardedHeaders = [
  "authorization",
  "comet-workspace",
  "content-type",
  "accept",
  "countly-token",
];

/** Starts a proxy in front of the service at the URL `target`. */
export async function startHttpProxy(target: string): Promise<HttpProxy> {
  let responseCount = 0;
  const waiters = new Set<{ readonly until: number; readonly resolve: () => void }>();
  const server = await startServer(async (request, response) => {
    proxy.onRequest?.(request);
    const rewritten = proxy.rewrite?.(request) ?? request;
    const exchange = { request, ...(await forward(rewritten, target)), index: responseCount };
    responseCount += 1;
    proxy.onResponse?.(exchange);
    for (const waiter of waiters) {
      if (waiter.until > responseCount) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
    if (proxy.latencyMs > 0) await wait(proxy.latencyMs, undefined, { ref: false });
    await (proxy.fault?.(exchange) ?? unchanged(exchange))(request, response);
  });
  const proxy: HttpProxy = {
    url: server.url,
    requests: server.requests,
    get responseCount() {
      return responseCount;
    },
    latencyMs: 0,
    fault: undefined,
    rewrite: undefined,
    onRequest: undefined,
    onResponse: undefined,
    waitForResponses: (count) =>
      new Promise((resolve) => {
        waiters.add({ until: responseCount + count, resolve });
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
  return proxy;
}

async function forward(
  request: ServerRequest,
  target: string,
): Promise<Pick<Exchange, "status" | "body">> {
  const headers: Record<string, string> = {};
  for (const name of forwardedHeaders) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const { method, url, body } = request;
  const response = await fetch(new URL(url.pathname + url.search, target), {
    method,
    headers,
    ...(method === "GET" ? {} : { body }),
  });
  return { status: response.status, body: await response.text() };
}

function unchanged({ status, body }: Exchange): RequestHandler {
  return ({ headers }, response) => {
    const isCompressed = body.length > 1000 && String(headers["accept-encoding"]).includes("gzip");
    response.writeHead(status, {
      "content-type": "application/json",
      ...(isCompressed ? { "content-encoding": "gzip" } : {}),
    });
    response.end(isCompressed ? gzipSync(body, { level: 1 }) : body);
  };
}

/** Text that identifies a request. */
export function requestKey({ method, url, body }: ServerRequest): string {
  return `${method} ${url.href} ${body}`;
}
