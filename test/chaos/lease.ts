import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Storage } from "./storage.ts";

const lockShape = z.looseObject({ holder: z.looseObject({}).nullable() });

/** Makes the current lease expire. Returns false if there is none, or the row cannot be written. */
export async function expireLease(storage: Storage): Promise<boolean> {
  return await changeHolder(storage, { until: 0 });
}

/** Changes what is stored of the lock's holder. Returns false as `expireLease` does. */
export async function changeHolder(storage: Storage, change: object): Promise<boolean> {
  try {
    const found = await storage.query("SELECT checkpoint FROM _rivulet_state WHERE stream = ''");
    const lock = lockShape.parse(JSON.parse(String(found[0]?.["checkpoint"])));
    if (lock.holder === null) return false;
    const changed = JSON.stringify({ ...lock, holder: { ...lock.holder, ...change } });
    const limit = storage.dialect === "postgres" ? "SET statement_timeout = 500; " : "";
    const text = changed.replaceAll("'", "''");
    await storage.query(
      `${limit}UPDATE _rivulet_state SET checkpoint = '${text}' WHERE stream = ''`,
    );
    return true;
  } catch {
    return false;
  }
}

/** Whether somebody holds the lock. */
export async function isLocked(storage: Storage): Promise<boolean> {
  const found = await storage.query("SELECT checkpoint FROM _rivulet_state WHERE stream = ''");
  return lockShape.parse(JSON.parse(String(found[0]?.["checkpoint"]))).holder !== null;
}

/** Whether a process that was just suspended is in a transaction, and so may hold locks. */
export async function isInTransaction(storage: Storage): Promise<boolean> {
  if (storage.dialect === "sqlite") return false;
  // Its last query may still be running.
  await wait(50);
  const rows = await storage.query(
    `SELECT 1 FROM pg_stat_activity WHERE usename = '${storage.role}' AND state <> 'idle'`,
  );
  return rows.length > 0;
}
