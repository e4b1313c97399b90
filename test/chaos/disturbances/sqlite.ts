import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, statSync, truncateSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import type { Ended, Running } from "../../support/program.ts";
import type { Bout } from "../bout.ts";
import type { Disturbance } from "../disturbance.ts";
import type { SqliteStorage } from "../storage.ts";
import { interrupted } from "./process.ts";

const nobody = 65_534;
const program = resolve(import.meta.dirname, "../../../bin/opik-sync.js");

/** What happens to a file and the disk that it is on. */
export const sqliteDisturbances: readonly Disturbance<SqliteStorage>[] = [
  {
    name: "a full disk",
    outcomes: ["completed", "failed"],
    async disturb(bout) {
      return await bout.run({ maxBlocks: bout.random.between(20, 1500) });
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

interface Lock {
  release(): void;
}

/** Locks the file as another program would; undefined once the program has ended. */
async function locked(bout: Bout<SqliteStorage>, running: Running): Promise<Lock | undefined> {
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
async function unwritable(bout: Bout<SqliteStorage>): Promise<Ended> {
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
