import { setTimeout } from "node:timers/promises";
import type { RequestHandler } from "../http-server.ts";
import { routeRequest } from "./endpoints.ts";
import { RateLimit } from "../rate-limit.ts";
import type { CountlyFaults } from "./faults.ts";
import { readParams } from "./request-context.ts";
import type { Edition, RequestContext } from "./request-context.ts";
import { messageResponse, ResponseError, sendResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { Tasks } from "./tasks.ts";
import type { CountlyWorkspace } from "./workspace.ts";

/** How a Countly emulator behaves. */
interface CountlyServiceOptions {
  readonly workspace: CountlyWorkspace;
  /** Default: `community`. */
  readonly edition?: Edition;
  readonly faults?: CountlyFaults;
}

/**
 * Emulates the part of a Countly server that serves apps, groups and app users.
 *
 * @see https://api.count.ly/reference/rest-api-reference
 */
export function countlyService({
  workspace,
  edition = "community",
  faults = {},
}: CountlyServiceOptions): RequestHandler {
  const rateLimit = new RateLimit(() => faults.rateLimit);
  const tasks = new Tasks();
  return async (request, response) => {
    if (faults.latencyMs) await setTimeout(faults.latencyMs, undefined, { ref: false });
    const path = request.url.pathname.replace(/\/$/, "");
    const context = {
      workspace,
      edition,
      faults,
      tasks,
      request,
      path,
      params: readParams(request),
    };
    sendResponse(
      response,
      rateLimit.countRequest()?.isRefused
        ? messageResponse(429, "Too Many Requests")
        : respond(context),
    );
  };
}

function respond(context: RequestContext): HttpResponse {
  try {
    return routeRequest(context);
  } catch (error) {
    return error instanceof ResponseError ? error.response : messageResponse(500, String(error));
  }
}
