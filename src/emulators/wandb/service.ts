import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Listener, ServerRequest } from "../http-server.ts";
import { errorAnswer, errorsAnswer, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import type { Call } from "./backend.ts";
import { GraphqlEngine, parseBody } from "./graphql.ts";
import { answerRest } from "./rest.ts";
import { RateLimit } from "./faults.ts";

/**
 * A stand-in for a W&B server: GraphQL at `/graphql` and, where `traps.rest` says so, the REST shape that the original connector's
 * documentation describes.
 *
 * @see https://docs.wandb.ai/models/ref/python/public-api
 */
export function wandbService(call: Call, apiKey: string): Listener {
  const engine = new GraphqlEngine();
  const rateLimit = new RateLimit(call.traps);
  let inFlight = 0;

  const answer = async (request: ServerRequest): Promise<Answer> => {
    const fault = call.traps.faults?.shift();
    if (fault) return fault;
    const { refused, headers } = rateLimit.take();
    if (refused) call.counters.refused += 1;
    const given = refused
      ? errorAnswer(429, "rate limit exceeded")
      : await answered(() => route(request, { call, apiKey, engine }));
    return { ...given, headers: { ...given.headers, ...headers } };
  };

  return async (request, response) => {
    inFlight += 1;
    call.counters.maxInFlight = Math.max(call.counters.maxInFlight, inFlight);
    try {
      const { latencyMs } = call.traps;
      if (latencyMs) await setTimeout(latencyMs, undefined, { ref: false });
      const compressed = call.traps.gzip === true && acceptsGzip(request.headers);
      await send(response, await answer(request), compressed);
    } finally {
      inFlight -= 1;
    }
  };
}

interface Routing {
  readonly call: Call;
  readonly apiKey: string;
  readonly engine: GraphqlEngine;
}

async function route(request: ServerRequest, { call, apiKey, engine }: Routing): Promise<Answer> {
  const { rest, badKey } = call.traps;
  const { authorization = "" } = request.headers;
  if (request.url.pathname !== "/graphql") {
    if (!rest || request.method !== "GET") return errorAnswer(404, "not found");
    if (authorization !== `Bearer ${apiKey}`) return errorAnswer(401, "invalid API key");
    return answerRest(request.url, call);
  }
  if (rest?.graphql) return errorAnswer(rest.graphql, "not offered here");
  if (request.method !== "POST") return errorAnswer(405, "method not allowed");
  // A token after Bearer is one of an identity provider, never an API key.
  if (/^bearer /i.test(authorization)) return errorsAnswer(401, "invalid token");
  const knownKey = isBasic(authorization, apiKey);
  if (!knownKey && badKey) return errorsAnswer(badKey, "user is not logged in");
  const body = parseBody(request.body);
  if (!body) return errorsAnswer(400, "the body is no GraphQL request");
  return await engine.answer(body, call, knownKey);
}

function isBasic(authorization: string, apiKey: string): boolean {
  return authorization === `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;
}

async function answered(answer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    return error instanceof Refusal ? error.answer : errorAnswer(500, String(error));
  }
}

function acceptsGzip(headers: IncomingHttpHeaders): boolean {
  return /\bgzip\b/.test(String(headers["accept-encoding"]));
}

const compress = promisify(gzip);

async function send(
  response: ServerResponse,
  { status, text, headers }: Answer,
  compressed: boolean,
): Promise<void> {
  response.writeHead(status, {
    "content-type": "application/json",
    ...headers,
    ...(compressed && { "content-encoding": "gzip" }),
  });
  response.end(compressed ? await compress(text, { level: 1 }) : text);
}
