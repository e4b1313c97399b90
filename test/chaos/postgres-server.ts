import { randomBytes } from "node:crypto";
import { startEmbeddedPostgres } from "../support/embedded-postgres.ts";

/** A Postgres server of the chaos test only, so that it can be restarted. */
export interface ChaosPostgres extends AsyncDisposable {
  /** URL of a superuser. */
  readonly url: string;
  /** Stops and starts it: `fast` shuts down in order, `immediate` is like a power failure. */
  restart(how: "fast" | "immediate"): Promise<void>;
  /** Copies its files, as a standby has them that receives nothing from now on. */
  copy(): Promise<void>;
  /** Puts the last copy in its place. */
  failOver(): Promise<void>;
}

const signals = { fast: "SIGINT", immediate: "SIGQUIT" } as const;

/** Starts a server on a free port. */
export async function startPostgres(): Promise<ChaosPostgres> {
  const server = await startEmbeddedPostgres();
  return {
    url: server.url,
    async restart(how) {
      await server.end(signals[how]);
      await server.start();
    },
    copy: () => server.copy(),
    failOver: () => server.failOver(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** An unused name for a schema and its role. */
export function newSchemaName(): string {
  return `chaos_${randomBytes(6).toString("hex")}`;
}
