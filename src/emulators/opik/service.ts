import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { authorize } from "./auth.ts";
import type { OpikLogin } from "./auth.ts";
import { routeRequest } from "./endpoints.ts";
import { RateLimit } from "../rate-limit.ts";
import { rateLimitHeaders, type OpikFaults } from "./faults.ts";
import { dropwizardError, ResponseError, sendResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** A request that the emulator received. */
export interface RecordedRequest {
  readonly method: string;
  /** Without `/api` and the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** How an Opik emulator behaves. */
export interface OpikServiceOptions {
  /** The login of a hosted server; without it the server is self-hosted. */
  readonly login?: OpikLogin;
  readonly faults?: OpikFaults;
  /** Every request is appended here, in order of arrival. */
  readonly requests?: RecordedRequest[];
  /** Called first for each request; it responds itself or calls `next`. */
  readonly intercept?: (
    request: IncomingMessage,
    response: ServerResponse,
    next: () => void,
  ) => void;
}

/**
 * Emulates the part of an Opik server that serves projects and datasets, at `/v1/private` and
 * `/api/v1/private`.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/overview
 */
export function opikService(
  workspace: OpikWorkspace,
  options: OpikServiceOptions = {},
): RequestListener {
  const { faults = {}, requests = [], login } = options;
  const rateLimit = new RateLimit(() => faults.rateLimit);

  const route = (
    { method, path, query, headers, body }: ParsedRequest,
    response: ServerResponse,
  ): HttpResponse => {
    if (healthResponses[path] !== undefined)
      return { status: 200, text: JSON.stringify(healthResponses[path]) };
    authorize(headers, query, login);
    const limited = rateLimit.countRequest();
    for (const [name, value] of Object.entries(limited ? rateLimitHeaders(limited) : {}))
      response.setHeader(name, value);
    if (limited?.isRefused)
      throw dropwizardError(429, "Too Many Requests: workspace rate limit exceeded");
    const below = /^\/v1\/private(\/.*)$/.exec(path)?.[1] ?? "";
    return routeRequest(method, { workspace, faults, path: below, query, body });
  };

  const respond = async (request: ParsedRequest, response: ServerResponse): Promise<void> => {
    if (faults.latencyMs) await setTimeout(faults.latencyMs, undefined, { ref: false });
    await sendResponse(
      catchResponseError(() => route(request, response)),
      { response, accepts: request.headers },
    );
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parsed = await readRequest(request);
    requests.push({ ...parsed, query: Object.fromEntries(parsed.query) });
    const next = (): void => void respond(parsed, response).catch(sendFailure(response));
    if (options.intercept) options.intercept(request, response, next);
    else next();
  };
  return (request, response) => void receive(request, response).catch(sendFailure(response));
}

type ParsedRequest = Omit<RecordedRequest, "query"> & { readonly query: URLSearchParams };

const healthResponses: Readonly<Record<string, object>> = {
  "/is-alive/ping": { message: "Healthy Server", healthy: true },
  "/is-alive/ver": { version: "1.8.0" },
};

async function readRequest(request: IncomingMessage): Promise<ParsedRequest> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  return {
    method: request.method ?? "GET",
    path: pathname.replace(/^(?:\/opik)?\/api(?=\/)/, ""),
    query: searchParams,
    headers: request.headers,
    body: await text(request),
  };
}

function catchResponseError(respond: () => HttpResponse): HttpResponse {
  try {
    return respond();
  } catch (error) {
    if (error instanceof ResponseError) return error.response;
    throw error;
  }
}

/**
 * Ignores clients that disconnected; sends a bug in the emulator or in a test's callback as 500.
 */
function sendFailure(response: ServerResponse) {
  return (error: unknown): void => {
    if (response.destroyed) return;
    response.statusCode = 500;
    response.end(JSON.stringify({ code: 500, message: String(error) }));
  };
}
