import { authorizeApp } from "./auth.ts";
import type { RequestContext } from "./request-context.ts";
import { type HttpResponse, messageResponse, ResponseError, outputResponse } from "./response.ts";

/** `/o/tasks/task`, the whole task with its result as JSON text in `data`, and `/o/tasks/check`, its status. */
export function routeTasks(call: RequestContext, name: string): HttpResponse {
  if (name !== "task" && name !== "check") return messageResponse(400, "Invalid path");
  authorizeApp(call, "core");
  const id = call.params["task_id"];
  if (!id) throw new ResponseError(400, 'Missing parameter "task_id"');
  const task = call.tasks.poll(id);
  if (!task) throw new ResponseError(400, "Task does not exist");
  return name === "task" ? outputResponse(task) : messageResponse(200, task.status);
}
