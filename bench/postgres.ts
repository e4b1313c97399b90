import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, loadLibrary } from "../test/support/embedded-postgres.ts";

export interface PostgresServer extends AsyncDisposable {
  /** Of the database, as a superuser. */
  readonly url: string;
}

/**
 * A real Postgres on a free port. It does not wait for the disk and seldom makes checkpoints, so that the disk of the machine shows in
 * neither the figure nor the floor.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const port = await freePort();
  const settings = { fsync: "off", max_wal_size: "8GB", shared_buffers: "512MB" };
  const Server = await loadLibrary();
  const server = new Server({
    databaseDir: await mkdtemp(join(tmpdir(), "rivulet-bench-postgres-")),
    port,
    user: "postgres",
    password: "secret",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    onLog: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
