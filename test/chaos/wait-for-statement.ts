import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { RunningProgram } from "../support/program.ts";
import type { Bout } from "./chaos-run.ts";
import type { PostgresStorage } from "./storage.ts";

/** Waits for a commit somewhere in a sync: Postgres is told of it, and the writes to SQLite's log are seen. */
export async function someCommit(bout: Bout, running: RunningProgram): Promise<void> {
  const { storage, random } = bout;
  if (storage.dialect === "postgres") {
    await heard(storage, { text: "commit\0", times: random.between(1, 14) }, running);
  } else await written(storage.path, random.between(1, 40), running);
}

export interface Said {
  readonly text: string;
  readonly times: number;
}

/** Waits until the program has said this so often to Postgres, which has not heard the last time yet. */
export async function heard(
  { link }: PostgresStorage,
  { text, times }: Said,
  { ended }: RunningProgram,
): Promise<void> {
  for (let left = times; left > 0; left -= 1) {
    const said = new Promise<void>((resolve) => {
      link.onceSent(text, resolve);
    });
    await Promise.race([said, ended]);
  }
}

/** Waits until the log beside a SQLite file was written to so often: a commit takes several. */
async function written(path: string, times: number, { ended }: RunningProgram): Promise<void> {
  const log = `${basename(path)}-wal`;
  let left = times;
  const watching = new AbortController();
  const enough = new Promise<void>((resolve) => {
    watch(dirname(path), { signal: watching.signal }, (_event, name) => {
      if (name === log) left -= 1;
      if (left <= 0) resolve();
    });
  });
  await Promise.race([enough, ended]);
  watching.abort();
}
