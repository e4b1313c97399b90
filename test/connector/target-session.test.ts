import { expect, test } from "vitest";
import { z } from "zod";
import type { TargetConnector } from "../../src/connector/connector.ts";
import { TargetDestination } from "../../src/connector/target-destination.ts";
import { LockedError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import type { SourceContext } from "../../src/core/source.ts";
import { openDestination } from "../../src/destination/open.ts";
import { databases, type TestDatabase } from "../support/databases.ts";

const context: SourceContext = {
  log: newLog(() => undefined, "severe"),
  transfer: newRequestStats(),
  signal: new AbortController().signal,
};

/** Opens a target that records the names of the calls to its writer. */
async function openTarget({ url }: TestDatabase, calls: string[]): Promise<TargetDestination> {
  const record = (call: string) => () => {
    calls.push(call);
    return Promise.resolve();
  };
  const connector = {
    kind: "target",
    name: "archive",
    title: "Archive",
    config: z.object({}),
    identity: () => "archive",
    reservedKeys: [],
    check: () => Promise.resolve(),
    open: () =>
      Promise.resolve({
        prepare: record("prepare"),
        write: record("write"),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  } as const satisfies TargetConnector;
  return new TargetDestination(await openDestination(url, context), {
    connector,
    config: {},
    context,
  });
}

test.each(databases)(
  "a target's settled entries are counted apart and named by their stream, on %s",
  async (_name, newDatabase) => {
    const database = await newDatabase();
    try {
      await using target = await openTarget(database, []);
      await using session = await target.lock({ name: "test" });
      const entry = { key: "short", payload: "", reason: "9 of 10 lines" };
      const rejected = [
        { ...entry, settled: true },
        { ...entry, key: "open" },
      ];
      const written = await session.write([{ stream: "agent", rows: [], rejected }]);
      expect(written.get("agent")).toMatchObject({ rejected: 1 });
      expect(await session.countQuarantined(["agent"])).toBe(1);
      expect(await session.countSettled(["agent"])).toBe(1);
      expect(await target.settledEntries("test")).toEqual([
        { stream: "agent", key: "short", reason: "9 of 10 lines" },
      ]);
    } finally {
      await database.drop();
    }
  },
);

/** Lets another process take over the lease. */
async function takeOver(database: TestDatabase): Promise<void> {
  const where = "where pipeline = 'test' and stream = ''";
  const [row] = await database.query(`select checkpoint from _rivulet_state ${where}`);
  const lock = JSON.parse(String(row?.["checkpoint"])) as { readonly holder: object };
  const changed = JSON.stringify({ ...lock, holder: { ...lock.holder, id: "another" } });
  await database.query(`update _rivulet_state set checkpoint = '${changed}' ${where}`);
}

test.each(databases)(
  "a target is neither prepared nor written to after the lease was lost, on %s",
  async (_name, newDatabase) => {
    const database = await newDatabase();
    try {
      const calls: string[] = [];
      await using target = await openTarget(database, calls);
      await using session = await target.lock({ name: "test" });
      const table = { name: "agent", columns: { id: "string" }, primaryKey: ["id"] } as const;
      const batch = { stream: "agent", rows: [{ id: "a" }], checkpoint: { page: 1 } };
      await session.prepare([table]);
      await session.write([batch]);
      expect(calls).toEqual(["prepare", "write"]);
      await takeOver(database);
      await expect(session.prepare([table])).rejects.toBeInstanceOf(LockedError);
      await expect(session.write([batch])).rejects.toBeInstanceOf(LockedError);
      expect(calls).toEqual(["prepare", "write"]);
      expect(session.lost.aborted).toBe(true);
    } finally {
      await database.drop();
    }
  },
);
