import { type Document, documentJson, type Value } from "./document.ts";

/** What took the server too long, to be asked for later. */
export class Tasks {
  readonly #tasks = new Map<string, Task>();

  /** Begins a task and returns its id. */
  add(task: Task): string {
    const id = (this.#tasks.size + 1).toString(16).padStart(40, "0");
    this.#tasks.set(id, { ...task });
    return id;
  }

  /** The document of a task, which is a little further each time it is asked for; undefined where there is none. */
  poll(id: string): TaskDocument | undefined {
    const task = this.#tasks.get(id);
    if (!task) return undefined;
    const known = { _id: id, type: "users", app_id: task.app, start: task.startMs, global: false };
    if (task.polls > 0) {
      task.polls -= 1;
      return { ...known, status: "running" };
    }
    const ended = { ...known, end: task.startMs + 60_000, hasData: true };
    if (task.fails) return { ...ended, status: "errored", errormsg: "cursor killed", data: "{}" };
    return { ...ended, status: "completed", errormsg: "", data: documentJson(task.result) };
  }
}

interface TaskDocument extends Document {
  readonly status: string;
}

/** What a task will have found. */
export interface Task {
  /** The id of the app. */
  readonly app: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** How often it is still running when it is asked for. */
  polls: number;
  readonly fails: boolean;
  readonly result: Value;
}
