import { type Document, documentJson, type Value } from "./document.ts";

/** Long-running queries, whose results clients poll for. */
export class Tasks {
  readonly #tasks = new Map<string, Task>();

  /** Starts a task and returns its id. */
  add(task: Task): string {
    const id = (this.#tasks.size + 1).toString(16).padStart(40, "0");
    this.#tasks.set(id, { ...task });
    return id;
  }

  /** The document of a task, or undefined. Each call counts as one of the task's `polls`. */
  poll(id: string): TaskDocument | undefined {
    const task = this.#tasks.get(id);
    if (!task) return undefined;
    const common = { _id: id, type: "users", app_id: task.app, start: task.startMs, global: false };
    if (task.polls > 0) {
      task.polls -= 1;
      return { ...common, status: "running" };
    }
    const ended = { ...common, end: task.startMs + 60_000, hasData: true };
    if (task.fails) return { ...ended, status: "errored", errormsg: "cursor killed", data: "{}" };
    return { ...ended, status: "completed", errormsg: "", data: documentJson(task.result) };
  }
}

interface TaskDocument extends Document {
  readonly status: string;
}

/** A task and the result that it will have. */
export interface Task {
  /** The app's id. */
  readonly app: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** The number of polls for which the task is still running. */
  polls: number;
  readonly fails: boolean;
  readonly result: Value;
}
