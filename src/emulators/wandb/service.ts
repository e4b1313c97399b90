import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { RequestHandler, ServerRequest } from "../http-server.ts";
import { jsonError, graphqlErrors, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import type { WandbBackend } from "./backend.ts";
import { GraphqlEngine, parseGraphqlRequest } from "./graphql.ts";
import { routeRest } from "./rest.ts";
import { RateLimit } from "./faults.ts";

/**
 * A stand-in for a W&B server: GraphQL at `/graphql` and, where `traps.rest` says so, the REST shape that the original connector's
 * documentation describes.
 *
 * @see https://docs.wandb.ai/models/ref/python/public-api
 */
export function wandbService(call: WandbBackend, apiKey: string): RequestHandler {
  const engine = new GraphqlEngine();
  const rateLimit = new RateLimit(call.faults);
  let inFlight = 0;

  const answer = async (request: ServerRequest): Promise<HttpResponse> => {
    const fault = call.faults.nextResponses?.shift();
    if (fault) return fault;
    const { refused, headers } = rateLimit.countRequest();
    if (refused) call.counters.refused += 1;
    const given = refused
      ? jsonError(429, "rate limit exceeded")
      : await catchResponseError(() => route(request, { call, apiKey, engine }));
    return { ...given, headers: { ...given.headers, ...headers } };
  };

  return async (request, response) => {
    inFlight += 1;
    call.counters.maxInFlight = Math.max(call.counters.maxInFlight, inFlight);
    try {
      const { latencyMs } = call.faults;
      if (latencyMs) await setTimeout(latencyMs, undefined, { ref: false });
      const compressed = call.faults.gzip === true && acceptsGzip(request.headers);
      await send(response, await answer(request), compressed);
    } finally {
      inFlight -= 1;
    }
  };
}

interface RouteContext {
  readonly call: WandbBackend;
  readonly apiKey: string;
  readonly engine: GraphqlEngine;
}

async function route(
  request: ServerRequest,
  { call, apiKey, engine }: RouteContext,
): Promise<HttpResponse> {
  const { rest, wrongKeyStatus } = call.faults;
  const { authorization = "" } = request.headers;
  if (request.url.pathname !== "/graphql") {
    if (!rest || request.method !== "GET") return jsonError(404, "not found");
    if (authorization !== `Bearer ${apiKey}`) return jsonError(401, "invalid API key");
    return routeRest(request.url, call);
  }
  if (rest?.graphql) return jsonError(rest.graphql, "not offered here");
  if (request.method !== "POST") return jsonError(405, "method not allowed");
  // A token after Bearer is one of an identity provider, never an API key.
  if (/^bearer /i.test(authorization)) return graphqlErrors(401, "invalid token");
  const knownKey = isBasicAuth(authorization, apiKey);
  if (!knownKey && wrongKeyStatus) return graphqlErrors(wrongKeyStatus, "user is not logged in");
  const body = parseGraphqlRequest(request.body);
  if (!body) return graphqlErrors(400, "the body is no GraphQL request");
  return await engine.respond(body, call, knownKey);
}

function isBasicAuth(authorization: string, apiKey: string): boolean {
  return authorization === `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;
}

async function catchResponseError(answer: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await answer();
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
