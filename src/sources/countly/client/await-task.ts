import { SourceError, TransientError } from "../../../core/errors.ts";
import { sleep } from "../../../core/sleep.ts";
import { Body } from "../../../http/body.ts";
import { parseJson } from "../../../http/json-body.ts";
import { memberByPath } from "../../../http/paging/page.ts";
import { members, plain } from "../../../json/text-scanner.ts";
import type { CountlyRequest, CountlyResponse, SendRequest } from "./countly-client.ts";

/** Pauses between two polls: the first, and the longest that doubling leads to. */
const firstPauseMs = 200;
const maxPauseMs = 5000;

/** About ten minutes of polling. */
const maxPolls = 120;

/**
 * Sends a request and waits for its result: for a slow query, the server responds with the id of a
 * task that must be polled.
 *
 * Throws a TransientError if the task fails or takes too long.
 */
export async function sendAndAwaitTask(
  send: SendRequest,
  request: CountlyRequest,
  signal: AbortSignal,
): Promise<CountlyResponse> {
  const response = await send(request);
  const task_id = memberByPath(response.value, "task_id");
  if (typeof task_id !== "string") return response;
  const app_id = request.params?.["app_id"];
  let pauseMs = firstPauseMs;
  for (let polls = 0; polls < maxPolls; polls += 1) {
    const { body } = await send({ path: "o/tasks/task", params: { task_id, app_id } });
    const result = taskResult(body.text, request.path);
    if (result !== undefined) return { body: Body.of(result), value: parseJson(result) };
    await sleep(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
  throw new TransientError(`${request.path}: the server's task did not finish; run again later`);
}

/** The result of a task as JSON text; undefined while it runs. */
function taskResult(text: string, path: string): string | undefined {
  const task = members(text);
  const status = plain(task?.get("status"));
  if (status === "running" || status === "rerunning") return undefined;
  if (status !== "completed") {
    const reason = plain(task?.get("errormsg")) ?? status ?? "unknown";
    throw new TransientError(`${path}: the server's task failed: ${reason}; run again later`);
  }
  const result = plain(task?.get("data"));
  if (result === undefined) throw new SourceError(`${path}: the server's task has no data`);
  return result;
}
