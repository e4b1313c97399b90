import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startEmbeddedPostgres } from "../support/embedded-postgres.ts";

/** A Postgres that nobody else uses, so that it may be restarted. */
export interface ChaosPostgres extends AsyncDisposable {
  /** Its URL, as a superuser. */
  readonly url: string;
  /** Stops it and starts it again: in good order, or as if the power had failed. */
  restart(how: "fast" | "immediate"): Promise<void>;
}

const signals = { fast: "SIGINT", immediate: "SIGQUIT" } as const;

export async function startPostgres(): Promise<ChaosPostgres> {
  const server = await startEmbeddedPostgres();
  return {
    url: server.url,
    async restart(how) {
      const [pid = ""] = (await readFile(join(server.folder, "postmaster.pid"), "utf8")).split(
        "\n",
      );
      process.kill(Number(pid), signals[how]);
      while (isRunning(Number(pid))) await wait(10);
      await server.start();
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** A name that nothing has yet. */
export function newName(): string {
  return `chaos_${randomBytes(6).toString("hex")}`;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
