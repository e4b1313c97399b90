import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { RequestHandler, ServerRequest } from "../http-server.ts";
import type { WandbBackend } from "./backend.ts";
import { RateLimit } from "../rate-limit.ts";
import { rateLimitHeaders } from "./faults.ts";
import { GraphqlEngine, parseGraphqlRequest } from "./graphql.ts";
import { graphqlErrors, jsonError, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { routeRest } from "./rest.ts";

/**
 * Emulates a W&B server: GraphQL at `/graphql` and, with `faults.rest`, the REST API that the
 * original connector's documentation describes.
 *
 * @see https://docs.wandb.ai/models/ref/python/public-api
 */
export function wandbService(backend: WandbBackend, apiKey: string): RequestHandler {
  const engine = new GraphqlEngine();
  const rateLimit = new RateLimit(() => backend.faults.rateLimit);
  let inFlight = 0;

  const respond = async (request: ServerRequest): Promise<HttpResponse> => {
    const given = backend.faults.nextResponses?.shift();
    if (given) return given;
    const limited = rateLimit.countRequest();
    if (limited?.isRefused) backend.counters.refused += 1;
    const routed = limited?.isRefused
      ? jsonError(429, "rate limit exceeded")
      : await catchResponseError(() => route(request, { backend, apiKey, engine }));
    return {
      ...routed,
      headers: { ...routed.headers, ...(limited ? rateLimitHeaders(limited) : {}) },
    };
  };

  return async (request, response) => {
    inFlight += 1;
    backend.counters.maxInFlight = Math.max(backend.counters.maxInFlight, inFlight);
    try {
      const { latencyMs } = backend.faults;
      if (latencyMs) await setTimeout(latencyMs, undefined, { ref: false });
      const compressed = backend.faults.gzip === true && acceptsGzip(request.headers);
      await send(response, await respond(request), compressed);
    } finally {
      inFlight -= 1;
    }
  };
}

interface RouteContext {
  readonly backend: WandbBackend;
  readonly apiKey: string;
  readonly engine: GraphqlEngine;
}

async function route(
  request: ServerRequest,
  { backend, apiKey, engine }: RouteContext,
): Promise<HttpResponse> {
  const { rest, wrongKeyStatus } = backend.faults;
  const { authorization = "" } = request.headers;
  if (request.url.pathname !== "/graphql") {
    if (!rest || request.method !== "GET") return jsonError(404, "not found");
    if (authorization !== `Bearer ${apiKey}`) return jsonError(401, "invalid API key");
    return routeRest(request.url, backend);
  }
  if (rest?.graphql) return jsonError(rest.graphql, "not offered here");
  if (request.method !== "POST") return jsonError(405, "method not allowed");
  // Bearer tokens come from an identity provider; an API key is never one.
  if (/^bearer /i.test(authorization)) return graphqlErrors(401, "invalid token");
  const isAuthenticated = isBasicAuth(authorization, apiKey);
  if (!isAuthenticated && wrongKeyStatus)
    return graphqlErrors(wrongKeyStatus, "user is not logged in");
  const body = parseGraphqlRequest(request.body);
  if (!body) return graphqlErrors(400, "the body is not a GraphQL request");
  return await engine.respond(body, backend, isAuthenticated);
}

function isBasicAuth(authorization: string, apiKey: string): boolean {
  return authorization === `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;
}

async function catchResponseError(respond: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await respond();
  } catch (error) {
    return error instanceof ResponseError ? error.response : jsonError(500, String(error));
  }
}

function acceptsGzip(headers: IncomingHttpHeaders): boolean {
  return /\bgzip\b/.test(String(headers["accept-encoding"]));
}

const compress = promisify(gzip);

async function send(
  response: ServerResponse,
  { status, text, headers }: HttpResponse,
  compressed: boolean,
): Promise<void> {
  response.writeHead(status, {
    "content-type": "application/json",
    ...headers,
    ...(compressed && { "content-encoding": "gzip" }),
  });
  response.end(compressed ? await compress(text, { level: 1 }) : text);
}
