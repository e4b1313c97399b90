import { SourceError, TransientError } from "../../../core/errors.ts";
import { members, plain } from "../../../json/text-scanner.ts";
import { Body } from "../../../http/body.ts";
import { memberByPath } from "../../../http/paging/page.ts";
import { parseJson } from "../../../http/json-body.ts";
import { sleep } from "../../../core/sleep.ts";
import type { SendRequest, CountlyRequest, CountlyResponse } from "./countly-client.ts";

/** Between two looks at a task: at first, and at most, in milliseconds. */
const firstPauseMs = 200;
const maxPauseMs = 5000;

/** A task that is not done after so many looks, some ten minutes, is given up. */
const maxPolls = 120;

/**
 * Asks something that the server may put off: what takes it too long it answers with the id of a task, which is looked at until it is done.
 */
export async function sendAndAwaitTask(
  ask: SendRequest,
  question: CountlyRequest,
  signal: AbortSignal,
): Promise<CountlyResponse> {
  const answer = await ask(question);
  const task_id = memberByPath(answer.value, "task_id");
  if (typeof task_id !== "string") return answer;
  const app_id = question.params?.["app_id"];
  let pauseMs = firstPauseMs;
  for (let looks = 0; looks < maxPolls; looks += 1) {
    const { body } = await ask({ path: "o/tasks/task", params: { task_id, app_id } });
    const result = taskResult(body.text, question.path);
    if (result !== undefined) return { body: Body.of(result), value: parseJson(result) };
    await sleep(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
  throw new TransientError(`${question.path}: the server's task is not done; run again later`);
}

/** What a task has found, as JSON; undefined while it runs. */
function taskResult(text: string, path: string): string | undefined {
  const task = members(text);
  const status = plain(task?.get("status"));
  if (status === "running" || status === "rerunning") return undefined;
  if (status !== "completed") {
    const reason = plain(task?.get("errormsg")) ?? status ?? "unknown";
    throw new TransientError(`${path}: the server's task failed: ${reason}; run again later`);
  }
  const found = plain(task?.get("data"));
  if (found === undefined) throw new SourceError(`${path}: the server's task has no data`);
  return found;
}
