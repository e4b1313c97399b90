import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { vi } from "vitest";
import { freePort } from "../../support/embedded-postgres.ts";
import { unpackDebianPackages } from "../debian.ts";
import { runFile } from "../python.ts";

const nobody = 65_534;

/** An installed PgBouncer. */
export interface Pgbouncer {
  readonly program: string;
  /** Where its libraries are, if they are not installed. */
  readonly libraries?: string;
}

/**
 * The PgBouncer of this machine, or else Debian's package, unpacked into a temporary folder. If
 * there is neither, says so and returns undefined.
 */
export async function findPgbouncer(): Promise<Pgbouncer | undefined> {
  try {
    await runFile("pgbouncer", ["--version"]);
    return { program: "pgbouncer" };
  } catch {
    return await unpackPgbouncer();
  }
}

async function unpackPgbouncer(): Promise<Pgbouncer | undefined> {
  const folder = await unpackDebianPackages("pgbouncer", "libc-ares2");
  if (folder === undefined) return undefined;
  const found = await runFile("find", ["usr/lib", "-name", "libcares.so.2"], { cwd: folder });
  const libraries = join(folder, found.stdout.trim(), "..");
  return { program: join(folder, "usr/sbin/pgbouncer"), libraries };
}

/** What is given to whom. */
export interface PoolOptions {
  readonly poolMode: "transaction" | "statement";
  /** How many connections to the server there are, which take turns. Default: 1. */
  readonly poolSize?: number;
}

/** Starts a pooler in front of the server of a URL. */
export async function startPgbouncer(
  { program, libraries }: Pgbouncer,
  target: URL,
  { poolMode, poolSize = 1 }: PoolOptions,
): Promise<AsyncDisposable & { readonly url: URL }> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-pgbouncer-"));
  await chmod(folder, 0o755);
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  const login = `user=${target.username} password=${target.password}`;
  await writeFile(
    file,
    `[databases]
postgres = host=${target.hostname} port=${target.port} ${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${poolMode}
default_pool_size = ${poolSize}
`,
  );
  const isRoot = process.getuid?.() === 0;
  const child = spawn(program, [file], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], LD_LIBRARY_PATH: libraries },
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const url = new URL(target);
  url.port = String(port);
  await vi.waitUntil(() => accepts(url), { timeout: 10_000, interval: 50 });
  return {
    url,
    async [Symbol.asyncDispose]() {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
      await rm(folder, { recursive: true });
    },
  };
}

async function accepts(url: URL): Promise<boolean> {
  const client = new Client({ connectionString: url.href });
  client.on("error", () => undefined);
  return await client.connect().then(
    async () => {
      await client.end();
      return true;
    },
    () => false,
  );
}
