import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

/** A request, and what the service answers to it. */
export interface Exchange {
  readonly request: ServerRequest;
  readonly status: number;
  /** The body of the answer, unpacked. */
  readonly body: string;
  /** How many answers there were before this one. */
  readonly number: number;
}

/** What is answered instead; undefined passes the service's answer on. */
export type Fault = (exchange: Exchange) => RequestHandler | undefined;

/** A reverse proxy before a service, which misbehaves as it is told. */
export interface HttpProxy extends AsyncDisposable {
  readonly url: string;
  /** How many answers were put together so far. */
  readonly answers: number;
  readonly requests: readonly ServerRequest[];
  /** Milliseconds before each answer. */
  latencyMs: number;
  fault: Fault | undefined;
  /** The request that the service hears instead. */
  rewrite: ((request: ServerRequest) => ServerRequest) | undefined;
  /** Called when a request has come. */
  onRequest: ((request: ServerRequest) => void) | undefined;
  /** Called when an answer has been put together, before it is sent: what it changes at the service is in the next one. */
  onAnswer: ((exchange: Exchange) => void) | undefined;
  /** Resolves when so many more answers have been put together. */
  more(answers: number): Promise<void>;
}

const passedOn = ["authorization", "comet-workspace", "content-type", "accept", "countly-token"];

export async function startHttpProxy(target: string): Promise<HttpProxy> {
  let answers = 0;
  const waiting = new Set<{ readonly until: number; readonly resolve: () => void }>();
  const server = await startServer(async (request, response) => {
    proxy.onRequest?.(request);
    const heard = proxy.rewrite?.(request) ?? request;
    const exchange = { request, ...(await forwarded(heard, target)), number: answers };
    answers += 1;
    proxy.onAnswer?.(exchange);
    for (const one of waiting) {
      if (one.until > answers) continue;
      waiting.delete(one);
      one.resolve();
    }
    if (proxy.latencyMs > 0) await wait(proxy.latencyMs, undefined, { ref: false });
    await (proxy.fault?.(exchange) ?? asItIs(exchange))(request, response);
  });
  const proxy: HttpProxy = {
    url: server.url,
    requests: server.requests,
    get answers() {
      return answers;
    },
    latencyMs: 0,
    fault: undefined,
    rewrite: undefined,
    onRequest: undefined,
    onAnswer: undefined,
    more: (count) =>
      new Promise((resolve) => {
        waiting.add({ until: answers + count, resolve });
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
  return proxy;
}

async function forwarded(
  request: ServerRequest,
  target: string,
): Promise<Pick<Exchange, "status" | "body">> {
  const headers: Record<string, string> = {};
  for (const name of passedOn) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const { method, url, body } = request;
  const answer = await fetch(new URL(url.pathname + url.search, target), {
    method,
    headers,
    ...(method === "GET" ? {} : { body }),
  });
  return { status: answer.status, body: await answer.text() };
}

function asItIs({ status, body }: Exchange): RequestHandler {
  return ({ headers }, response) => {
    const isPacked = body.length > 1000 && String(headers["accept-encoding"]).includes("gzip");
    response.writeHead(status, {
      "content-type": "application/json",
      ...(isPacked ? { "content-encoding": "gzip" } : {}),
    });
    response.end(isPacked ? gzipSync(body, { level: 1 }) : body);
  };
}

/** What tells a request from others. */
export function spelled({ method, url, body }: ServerRequest): string {
  return `${method} ${url.href} ${body}`;
}
