import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { dropwizardError, ResponseError, sendResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { authorize } from "./auth.ts";
import type { OpikLogin } from "./auth.ts";
import { routeRequest } from "./endpoints.ts";
import { RateLimit } from "./faults.ts";
import type { OpikFaults } from "./faults.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** A request that was seen, in the order of arrival. */
export interface RecordedRequest {
  readonly method: string;
  /** Without `/api` and the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface OpikServiceOptions {
  /** What a hosted service asks for; without it the service is a self-hosted one. */
  readonly login?: OpikLogin;
  readonly faults?: OpikFaults;
  /** Takes every request that is seen. */
  readonly requests?: RecordedRequest[];
  /** Comes before everything else: answers itself, or calls `next`. */
  readonly intercept?: (
    request: IncomingMessage,
    response: ServerResponse,
    next: () => void,
  ) => void;
}

/**
 * A stand-in for the part of an Opik server that holds projects and datasets, at `/v1/private` and `/api/v1/private`.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/overview
 */
export function opikService(
  workspace: OpikWorkspace,
  options: OpikServiceOptions = {},
): RequestListener {
  const { faults = {}, requests = [], login } = options;
  const rateLimit = new RateLimit(faults);

  const answer = (
    { method, path, query, headers, body }: ParsedRequest,
    response: ServerResponse,
  ): HttpResponse => {
    if (healthResponses[path] !== undefined)
      return { status: 200, text: JSON.stringify(healthResponses[path]) };
    authorize(headers, query, login);
    const { refused, headers: limits } = rateLimit.countRequest();
    for (const [name, value] of Object.entries(limits)) response.setHeader(name, value);
    if (refused) throw dropwizardError(429, "Too Many Requests: workspace rate limit exceeded");
    const below = /^\/v1\/private(\/.*)$/.exec(path)?.[1] ?? "";
    return routeRequest(method, { workspace, faults, path: below, query, body });
  };

  const respond = async (seen: ParsedRequest, response: ServerResponse): Promise<void> => {
    if (faults.latencyMs) await setTimeout(faults.latencyMs, undefined, { ref: false });
    await sendResponse(
      catchResponseError(() => answer(seen, response)),
      { response, accepts: seen.headers },
    );
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = await readRequest(request);
    requests.push({ ...seen, query: Object.fromEntries(seen.query) });
    const next = (): void => void respond(seen, response).catch(sendFailure(response));
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

function catchResponseError(answer: () => HttpResponse): HttpResponse {
  try {
    return answer();
  } catch (error) {
    if (error instanceof ResponseError) return error.response;
    throw error;
  }
}

/** A client that went away is no concern of the service; a mistake in the service or a test's callback is shown to the client. */
function sendFailure(response: ServerResponse) {
  return (error: unknown): void => {
    if (response.destroyed) return;
    response.statusCode = 500;
    response.end(JSON.stringify({ code: 500, message: String(error) }));
  };
}
