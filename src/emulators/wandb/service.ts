import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { RequestHandler, ServerRequest } from "../http-server.ts";
import { RateLimit } from "../rate-limit.ts";
import { operationCounter, type WandbBackend } from "./backend.ts";
import { type AnsweredPage, rateLimitHeaders } from "./faults.ts";
import { GraphqlEngine } from "./graphql.ts";
import { parseGraphqlRequest } from "./graphql-request.ts";
import { receivedRequest } from "./received-request.ts";
import { graphqlErrors, jsonError, noResponse, ResponseError } from "./response.ts";
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
    const { faults, counters } = backend;
    const given = faults.nextResponses?.shift();
    if (given) return given;
    const limited = rateLimit.countRequest();
    if (limited?.isRefused) counters.refused += 1;
    const routed = limited?.isRefused
      ? jsonError(429, "rate limit exceeded")
      : await catchResponseError(() => answer(request, { backend, apiKey, engine }));
    return {
      ...routed,
      headers: { ...routed.headers, ...(limited ? rateLimitHeaders(limited) : {}) },
    };
  };

  const respondWithHooks = async (request: ServerRequest): Promise<HttpResponse> => {
    const { faults, counters, workspace } = backend;
    const received = receivedRequest(request);
    counters.requests += 1;
    if (received.query) operationCounter(counters, received.operation).requests += 1;
    faults.onRequest?.(received);
    const response = await respond(request);
    const date = new Date(workspace.clock.nowMs).toUTCString();
    faults.onAnswer?.(received);
    return { ...response, headers: { date, ...response.headers } };
  };

  return async (request, response) => {
    inFlight += 1;
    backend.counters.maxInFlight = Math.max(backend.counters.maxInFlight, inFlight);
    try {
      const { latencyMs } = backend.faults;
      if (latencyMs) await setTimeout(latencyMs, undefined, { ref: false });
      const compressed = backend.faults.gzip === true && acceptsGzip(request.headers);
      await send(response, await respondWithHooks(request), compressed);
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

/** Answers from one snapshot: `onPage` is called for its pages when it is complete. */
async function answer(
  request: ServerRequest,
  { backend, ...context }: RouteContext,
): Promise<HttpResponse> {
  const pages: AnsweredPage[] = [];
  const onPage = (page: AnsweredPage): void => {
    pages.push(page);
  };
  const faults = { ...backend.faults, onPage };
  const response = await route(request, { ...context, backend: { ...backend, faults } });
  for (const page of pages) backend.faults.onPage?.(page);
  return response;
}

async function route(
  request: ServerRequest,
  { backend, apiKey, engine }: RouteContext,
): Promise<HttpResponse> {
  const { rest, wrongKeyStatus, keyRevoked = false } = backend.faults;
  const { authorization = "" } = request.headers;
  if (request.url.pathname !== "/graphql") {
    if (!rest || request.method !== "GET") return jsonError(404, "not found");
    if (keyRevoked || authorization !== `Bearer ${apiKey}`)
      return jsonError(401, "invalid API key");
    return routeRest(request.url, backend);
  }
  if (rest?.graphql) return jsonError(rest.graphql, "not offered here");
  if (request.method !== "POST") return jsonError(405, "method not allowed");
  // Bearer tokens come from an identity provider; an API key is never one.
  if (/^bearer /i.test(authorization)) return graphqlErrors(401, "invalid token");
  const isAuthenticated = !keyRevoked && isBasicAuth(authorization, apiKey);
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
  if (status === noResponse.status) return;
  response.writeHead(status, {
    "content-type": "application/json",
    ...headers,
    ...(compressed && { "content-encoding": "gzip" }),
  });
  response.end(compressed ? await compress(text, { level: 1 }) : text);
}
