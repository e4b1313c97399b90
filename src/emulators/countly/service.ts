import { setTimeout } from "node:timers/promises";
import type { Listener } from "../http-server.ts";
import { message, Refusal, send } from "./response.ts";
import type { Answer } from "./response.ts";
import { paramsOf } from "./request-context.ts";
import type { Call, Edition } from "./request-context.ts";
import { answerCall } from "./endpoints.ts";
import { Tasks } from "./tasks.ts";
import { RateLimit } from "./faults.ts";
import type { CountlyTraps } from "./faults.ts";
import type { CountlyWorkspace } from "./workspace.ts";

export interface CountlyServiceOptions {
  readonly workspace: CountlyWorkspace;
  readonly edition?: Edition;
  readonly traps?: CountlyTraps;
}

/**
 * A stand-in for the part of a Countly server that holds apps, groups and app users.
 *
 * @see https://api.count.ly/reference/rest-api-reference
 */
export function countlyService({
  workspace,
  edition = "community",
  traps = {},
}: CountlyServiceOptions): Listener {
  const rateLimit = new RateLimit(traps);
  const tasks = new Tasks();
  return async (request, response) => {
    if (traps.latencyMs) await setTimeout(traps.latencyMs, undefined, { ref: false });
    const path = request.url.pathname.replace(/\/$/, "");
    const call = { workspace, edition, traps, tasks, request, path, params: paramsOf(request) };
    send(response, rateLimit.refuses() ? message(429, "Too Many Requests") : answered(call));
  };
}

function answered(call: Call): Answer {
  try {
    return answerCall(call);
  } catch (error) {
    return error instanceof Refusal ? error.answer : message(500, String(error));
  }
}
