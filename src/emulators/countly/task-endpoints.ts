import { authorizeApp } from "./auth.ts";
import type { RequestContext } from "./request-context.ts";
import { type HttpResponse, messageResponse, outputResponse, ResponseError } from "./response.ts";

/**
 * Answers `/o/tasks/task`, the task with its result as JSON text in `data`, and `/o/tasks/check`,
 * its status. Throws a ResponseError.
 */
export function routeTasks(context: RequestContext, name: string): HttpResponse {
  if (name !== "task" && name !== "check") return messageResponse(400, "Invalid path");
  authorizeApp(context, "core");
  const id = context.params["task_id"];
  if (!id) throw new ResponseError(400, 'Missing parameter "task_id"');
  const task = context.tasks.poll(id);
  if (!task) throw new ResponseError(400, "Task does not exist");
  return name === "task" ? outputResponse(task) : messageResponse(200, task.status);
}
