import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { expect } from "vitest";
import type { EndedProgram, RunningProgram } from "../../support/program.ts";
import type { ChaosRun } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";
import type { SqliteStorage } from "../storage.ts";
import { interrupt } from "./process.ts";

const nobody = 65_534;
const program = resolve(import.meta.dirname, "../../../bin/opik-sync.js");

/** What happens to a database file and its disk. */
export const sqliteDisturbances: readonly Disturbance<SqliteStorage>[] = [
  { name: "a full disk", outcomes: ["failed", "completed"], disturb: fillDisk },
  {
    name: "a file size limit",
    outcomes: ["completed", "failed"],
    disturb: limitFileSize,
  },
  {
    name: "a file removed during a sync",
    outcomes: ["failed", "completed"],
    async disturb(run) {
      const { path } = run.storage;
      const running = run.start();
      await run.waitForResponses(running);
      run.tampered = true;
      // Not after the sync has ended.
      if (running.child.exitCode === null)
        for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
      return await running.ended;
    },
  },
  {
    name: "a file locked for a while",
    outcomes: ["completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      const lock = await lockFile(run, running);
      await wait(run.random.between(100, 1000));
      lock?.release();
      return await running.ended;
    },
  },
  {
    name: "a file locked forever, and SIGTERM",
    outcomes: ["interrupted", "completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      const lock = await lockFile(run, running);
      if (lock) await wait(run.random.between(0, 1500));
      const ended = await interrupt(running, "SIGTERM");
      lock?.release();
      return ended;
    },
  },
  {
    name: "a file locked forever",
    outcomes: ["failed", "completed"],
    slow: true,
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      const lock = await lockFile(run, running);
      const ended = await running.ended;
      lock?.release();
      return ended;
    },
  },
  {
    name: "a read-only file",
    outcomes: ["config error", "completed"],
    disturb: makeReadOnly,
  },
  {
    name: "SIGKILL, and a truncated write-ahead log",
    outcomes: ["killed", "completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      running.child.kill("SIGKILL");
      const ended = await running.ended;
      const log = `${run.storage.path}-wal`;
      if (!existsSync(log)) return ended;
      run.tampered = true;
      truncateSync(log, run.random.between(0, statSync(log).size));
      return ended;
    },
  },
  {
    name: "SIGKILL while a table is rebuilt to widen a column",
    outcomes: ["killed", "completed"],
    requiredFault: "fraction",
    async disturb(run) {
      await run.fillTables();
      run.tampered = true;
      run.service.faults.fraction?.(run.random);
      const { fractionPaths = [] } = run.service;
      const running = run.start();
      await run.waitUntil(running, () => {
        const path = run.proxy.requests.at(-1)?.url.pathname;
        return fractionPaths.some((end) => path?.endsWith(end) === true);
      });
      await Promise.race([wait(run.random.between(0, 25)), running.ended]);
      running.child.kill("SIGKILL");
      return await running.ended;
    },
  },
];

/**
 * Mounts a small file system in memory over the folder. Without permission to mount, limits the
 * size of files instead.
 */
async function fillDisk(run: ChaosRun<SqliteStorage>): Promise<EndedProgram> {
  await run.fillTables();
  const folder = dirname(run.storage.path);
  const before = filesIn(folder);
  const used = before.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const size = Math.ceil(used / 4096) * 4096 + run.random.between(10, 120) * 4096;
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  if (mounted.status !== 0) return await limitFileSize(run);
  let after = before;
  try {
    for (const { path, bytes } of before) writeFileSync(path, bytes);
    const ended = await run.startAndWait({ tempFolder: folder });
    run.happened = ended.status !== 0 && ended.status !== 3;
    if (run.happened) expect(ended.stderr).toMatch(/the disk is full|disk reported an error/);
    after = filesIn(folder);
    return ended;
  } finally {
    spawnSync("umount", [folder]);
    for (const { path } of before) rmSync(path);
    for (const { path, bytes } of after) writeFileSync(path, bytes);
  }
}

async function limitFileSize(run: ChaosRun<SqliteStorage>): Promise<EndedProgram> {
  return await run.startAndWait({ maxBlocks: run.random.between(20, 1500) });
}

function filesIn(folder: string): readonly { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    return { path, bytes: readFileSync(path) };
  });
}

interface Lock {
  release(): void;
}

/** Locks the file as another program would. Undefined if the program has ended before. */
async function lockFile(
  run: ChaosRun<SqliteStorage>,
  running: RunningProgram,
): Promise<Lock | undefined> {
  const db = new Database(run.storage.path, { timeout: 0 });
  await run.waitUntil(running, () => {
    try {
      db.exec("BEGIN IMMEDIATE");
    } catch {
      // The program is writing; the next attempt may succeed.
    }
    return db.inTransaction;
  });
  if (!db.inTransaction) {
    db.close();
    return undefined;
  }
  return {
    release: () => {
      db.close();
    },
  };
}

/** Permissions do not apply to root, which therefore runs the program as another user. */
async function makeReadOnly(run: ChaosRun<SqliteStorage>): Promise<EndedProgram> {
  await run.fillTables();
  const { path } = run.storage;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !canRead(program)) return await run.startAndWait();
  chmodSync(dirname(path), 0o555);
  chmodSync(path, 0o444);
  try {
    return await run.startAndWait(isRoot ? { uid: nobody } : {});
  } finally {
    chmodSync(dirname(path), 0o755);
    chmodSync(path, 0o644);
  }
}

function canRead(path: string): boolean {
  const { status } = spawnSync("test", ["-r", path], { uid: nobody });
  return status === 0;
}
