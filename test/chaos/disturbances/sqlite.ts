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
import type { Bout } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";
import type { SqliteStorage } from "../storage.ts";
import { interrupted } from "./process.ts";

const nobody = 65_534;
const program = resolve(import.meta.dirname, "../../../bin/opik-sync.js");

/** What happens to a file and the disk that it is on. */
export const sqliteDisturbances: readonly Disturbance<SqliteStorage>[] = [
  { name: "a full disk", outcomes: ["failed", "completed"], disturb: onFullDisk },
  {
    name: "a limit on the size of files",
    outcomes: ["completed", "failed"],
    disturb: withSmallFiles,
  },
  {
    name: "a file that is removed in the middle",
    outcomes: ["failed", "completed"],
    async disturb(bout) {
      const { path } = bout.storage;
      const running = bout.start();
      await bout.answers(running);
      bout.tampered = true;
      // Once it has ended, there is nothing in the middle of which to remove it.
      if (running.child.exitCode === null)
        for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
      return await running.ended;
    },
  },
  {
    name: "a file that is locked for a while",
    outcomes: ["completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      const lock = await locked(bout, running);
      await wait(bout.random.between(100, 1000));
      lock?.release();
      return await running.ended;
    },
  },
  {
    name: "a file that is locked for ever, and SIGTERM",
    outcomes: ["interrupted", "completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      const lock = await locked(bout, running);
      if (lock) await wait(bout.random.between(0, 1500));
      const ended = await interrupted(running, "SIGTERM");
      lock?.release();
      return ended;
    },
  },
  {
    name: "a file that is locked for ever",
    outcomes: ["failed", "completed"],
    slow: true,
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      const lock = await locked(bout, running);
      const ended = await running.ended;
      lock?.release();
      return ended;
    },
  },
  { name: "a file that is read-only", outcomes: ["must change", "completed"], disturb: unwritable },
  {
    name: "SIGKILL, and a log that lost its end",
    outcomes: ["killed", "completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      running.child.kill("SIGKILL");
      const ended = await running.ended;
      const log = `${bout.storage.path}-wal`;
      if (!existsSync(log)) return ended;
      bout.tampered = true;
      truncateSync(log, bout.random.between(0, statSync(log).size));
      return ended;
    },
  },
  {
    name: "SIGKILL while a table is rebuilt for a fraction",
    outcomes: ["killed", "completed"],
    trap: "fraction",
    async disturb(bout) {
      await bout.fill();
      bout.tampered = true;
      bout.service.traps.fraction?.(bout.random);
      const { fractionPaths = [] } = bout.service;
      const running = bout.start();
      await bout.until(running, () => {
        const path = bout.proxy.requests.at(-1)?.url.pathname;
        return fractionPaths.some((end) => path?.endsWith(end) === true);
      });
      await Promise.race([wait(bout.random.between(0, 25)), running.ended]);
      running.child.kill("SIGKILL");
      return await running.ended;
    },
  },
];

/** A small file system in memory takes the place of the folder, where this may be mounted; without, only the size of files can be limited. */
async function onFullDisk(bout: Bout<SqliteStorage>): Promise<EndedProgram> {
  await bout.fill();
  const folder = dirname(bout.storage.path);
  const before = filesIn(folder);
  const used = before.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const size = Math.ceil(used / 4096) * 4096 + bout.random.between(10, 120) * 4096;
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  if (mounted.status !== 0) return await withSmallFiles(bout);
  let left = before;
  try {
    for (const { path, bytes } of before) writeFileSync(path, bytes);
    const ended = await bout.run({ tempFolder: folder });
    bout.happened = ended.status !== 0 && ended.status !== 3;
    if (bout.happened) expect(ended.stderr).toMatch(/the disk is full|disk reported an error/);
    left = filesIn(folder);
    return ended;
  } finally {
    spawnSync("umount", [folder]);
    for (const { path } of before) rmSync(path);
    for (const { path, bytes } of left) writeFileSync(path, bytes);
  }
}

async function withSmallFiles(bout: Bout<SqliteStorage>): Promise<EndedProgram> {
  return await bout.run({ maxBlocks: bout.random.between(20, 1500) });
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

/** Locks the file as another program would; undefined once the program has ended. */
async function locked(
  bout: Bout<SqliteStorage>,
  running: RunningProgram,
): Promise<Lock | undefined> {
  const db = new Database(bout.storage.path, { timeout: 0 });
  await bout.until(running, () => {
    try {
      db.exec("BEGIN IMMEDIATE");
    } catch {
      // The program is writing; a moment later it is not.
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

/** Permissions do not bind a superuser, who therefore runs the program as somebody else. */
async function unwritable(bout: Bout<SqliteStorage>): Promise<EndedProgram> {
  await bout.fill();
  const { path } = bout.storage;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !mayRead(program)) return await bout.run();
  chmodSync(dirname(path), 0o555);
  chmodSync(path, 0o444);
  try {
    return await bout.run(isRoot ? { uid: nobody } : {});
  } finally {
    chmodSync(dirname(path), 0o755);
    chmodSync(path, 0o644);
  }
}

function mayRead(path: string): boolean {
  const { status } = spawnSync("test", ["-r", path], { uid: nobody });
  return status === 0;
}
