import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { authorize } from "./auth.ts";
import type { OpikLogin } from "./auth.ts";
import { routeRequest } from "./endpoints.ts";
import { RateLimit } from "../rate-limit.ts";
import { rateLimitHeaders, type OpikFaults } from "./faults.ts";
import { RateWindow } from "./rate-window.ts";
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
  const limits = newLimits(faults);
  const answer = (request: ParsedRequest): HttpResponse => {
    const given = faults.nextResponses?.shift();
    if (given) return given;
    const { headers, refusal } = limits(request);
    const response =
      refusal ?? catchResponseError(() => route(request, { workspace, faults, login }));
    return { ...response, headers: { ...headers, ...response.headers } };
  };

  const respond = async (request: ParsedRequest, response: ServerResponse): Promise<void> => {
    if (faults.latencyMs) await setTimeout(faults.latencyMs, undefined, { ref: false });
    const received = { ...request, query: Object.fromEntries(request.query) };
    faults.onRequest?.(received);
    const answered = answer(request);
    const date = new Date(workspace.clock.nowMs).toUTCString();
    faults.onAnswer?.(received);
    await sendResponse(
      { ...answered, headers: { date, ...answered.headers } },
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

interface Server {
  readonly workspace: OpikWorkspace;
  readonly faults: OpikFaults;
  readonly login: OpikLogin | undefined;
}

/** Throws a ResponseError. */
function route(request: ParsedRequest, { workspace, faults, login }: Server): HttpResponse {
  const { method, path, query, body } = request;
  if (faults.html) return webApplication;
  if (isHealthCheck(request)) return healthResponse(path, { workspace, faults });
  const visibility = authorize(request, login, faults);
  const below = /^\/v1\/private(\/.*)$/.exec(path)?.[1] ?? "";
  const workspaceName = login?.workspace ?? "default";
  const caller = { workspace, workspaceName, visibility };
  return routeRequest(method, { ...caller, faults, path: below, query, body });
}

/** What a web server answers to a path that the web application is to handle. */
const webApplication: HttpResponse = {
  status: 200,
  text: '<!doctype html><html><head><title>Opik</title></head><body><div id="root"></div></body></html>',
  headers: { "content-type": "text/html" },
};

function isHealthCheck({ path }: ParsedRequest): boolean {
  return path === "/is-alive/ping" || path === "/is-alive/ver";
}

/** Health and version, which need no key. The version tells whether datasets have versions. */
function healthResponse(
  path: string,
  { workspace, faults }: Pick<Server, "workspace" | "faults">,
): HttpResponse {
  const { originalGateway } = faults;
  if (originalGateway) throw dropwizardError(originalGateway, `HTTP ${originalGateway}`);
  const version = workspace.versioned ? "2.2.30" : "1.8.0";
  const body = path.endsWith("ver") ? { version } : { message: "Healthy Server", healthy: true };
  return { status: 200, text: JSON.stringify(body) };
}

/** Counts requests against the limits that the faults set. */
function newLimits(faults: OpikFaults) {
  const rateLimit = new RateLimit(() => faults.rateLimit);
  const rateWindow = new RateWindow(() => faults.rateWindow);
  return (request: ParsedRequest): { headers: Record<string, string>; refusal?: HttpResponse } => {
    if (isHealthCheck(request)) return { headers: {} };
    const limited = rateLimit.countRequest();
    const counted = rateWindow.countRequest();
    const headers = { ...counted?.headers, ...(limited ? rateLimitHeaders(limited) : {}) };
    if (!limited?.isRefused && !counted?.isRefused) return { headers };
    const message = "Too Many Requests: workspace rate limit exceeded";
    return { headers, refusal: dropwizardError(429, message).response };
  };
}

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
