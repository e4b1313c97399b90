import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { RunningProgram } from "../support/program.ts";
import type { ChaosRun } from "./chaos-run.ts";
import type { PostgresStorage } from "./storage.ts";

/**
 * Waits for a commit somewhere in a sync: a COMMIT that is sent to Postgres, or writes to SQLite's
 * write-ahead log.
 */
export async function waitForCommit(run: ChaosRun, running: RunningProgram): Promise<void> {
  const { storage, random } = run;
  if (storage.dialect === "postgres") {
    const commit = { text: "commit\0", times: random.between(1, 14) };
    await waitForStatement(storage, commit, running);
  } else await waitForLogWrites(storage.path, random.between(1, 40), running);
}

/** Text in what the program sends to Postgres, and which occurrence of it to wait for. */
interface StatementMatch {
  readonly text: string;
  readonly times: number;
}

/** Waits until the program has sent a statement, which has not reached Postgres yet. */
export async function waitForStatement(
  { tcpProxy }: PostgresStorage,
  { text, times }: StatementMatch,
  { ended }: RunningProgram,
): Promise<void> {
  for (let left = times; left > 0; left -= 1) {
    const sent = new Promise<void>((resolve) => {
      tcpProxy.onceSent(text, resolve);
    });
    await Promise.race([sent, ended]);
  }
}

/** Waits for writes to the write-ahead log of a SQLite file. A commit takes several. */
async function waitForLogWrites(
  path: string,
  count: number,
  { ended }: RunningProgram,
): Promise<void> {
  const log = `${basename(path)}-wal`;
  let left = count;
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
