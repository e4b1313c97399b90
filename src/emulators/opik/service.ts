import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { refusal, Refusal, send } from "./response.ts";
import type { Answer } from "./response.ts";
import { authorize } from "./auth.ts";
import type { OpikLogin } from "./auth.ts";
import { answerCall } from "./endpoints.ts";
import { RateLimit } from "./faults.ts";
import type { OpikTraps } from "./faults.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** A request that was seen, in the order of arrival. */
export interface OpikRequest {
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
  readonly traps?: OpikTraps;
  /** Takes every request that is seen. */
  readonly requests?: OpikRequest[];
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
  const { traps = {}, requests = [], login } = options;
  const rateLimit = new RateLimit(traps);

  const answer = (
    { method, path, query, headers, body }: Seen,
    response: ServerResponse,
  ): Answer => {
    if (alive[path] !== undefined) return { status: 200, text: JSON.stringify(alive[path]) };
    authorize(headers, query, login);
    const { refused, headers: limits } = rateLimit.take();
    for (const [name, value] of Object.entries(limits)) response.setHeader(name, value);
    if (refused) throw refusal(429, "Too Many Requests: workspace rate limit exceeded");
    const below = /^\/v1\/private(\/.*)$/.exec(path)?.[1] ?? "";
    return answerCall(method, { workspace, traps, path: below, query, body });
  };

  const respond = async (seen: Seen, response: ServerResponse): Promise<void> => {
    if (traps.latencyMs) await setTimeout(traps.latencyMs, undefined, { ref: false });
    await send(
      answered(() => answer(seen, response)),
      { response, accepts: seen.headers },
    );
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = await read(request);
    requests.push({ ...seen, query: Object.fromEntries(seen.query) });
    const next = (): void => void respond(seen, response).catch(broken(response));
    if (options.intercept) options.intercept(request, response, next);
    else next();
  };
  return (request, response) => void receive(request, response).catch(broken(response));
}

type Seen = Omit<OpikRequest, "query"> & { readonly query: URLSearchParams };

const alive: Readonly<Record<string, object>> = {
  "/is-alive/ping": { message: "Healthy Server", healthy: true },
  "/is-alive/ver": { version: "1.8.0" },
};

async function read(request: IncomingMessage): Promise<Seen> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  return {
    method: request.method ?? "GET",
    path: pathname.replace(/^(?:\/opik)?\/api(?=\/)/, ""),
    query: searchParams,
    headers: request.headers,
    body: await text(request),
  };
}

function answered(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

/** A client that went away is no concern of the service; a mistake in the service or a test's callback is shown to the client. */
function broken(response: ServerResponse) {
  return (error: unknown): void => {
    if (response.destroyed) return;
    response.statusCode = 500;
    response.end(JSON.stringify({ code: 500, message: String(error) }));
  };
}
