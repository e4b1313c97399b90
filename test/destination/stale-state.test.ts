import { beforeEach, describe, expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import type { State } from "../../src/core/destination.ts";
import { databases, type SqlRow } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

const pipeline = { name: "test", identity: "here" };
const others = { ...runs, name: "others" };

describe.each(databases)("the state in %s, compared with its rows,", (_dialect, create) => {
  const fixture = useDatabase(create);
  let warnings: string[] = [];
  const log = newLog(({ level, message }) => {
    if (level === "warning") warnings.push(message);
  });
  beforeEach(() => {
    warnings = [];
  });

  /** Saves `n` as each stream's checkpoint. Returns what it found, by stream. */
  async function sync(n: number, streams: readonly string[] = ["runs"]): Promise<unknown> {
    await using destination = await fixture.open({ log });
    await using session = await destination.lock(pipeline);
    await session.begin();
    await session.prepare([runs, others]);
    const found = await session.state();
    for (const stream of streams) {
      await session.write([{ stream, rows: [], partition: "a", checkpoint: { n } }]);
    }
    return Object.fromEntries(
      [...found].map(([stream, partitions]) => [stream, partitions.get("a")?.["n"]]),
    );
  }

  async function syncs(first: number, last: number, streams?: readonly string[]): Promise<void> {
    for (let n = first; n <= last; n += 1) await sync(n, streams);
  }

  async function replaceState(state: State, stream?: string): Promise<void> {
    await using destination = await fixture.open({ log });
    await using session = await destination.lock(pipeline);
    await session.replaceState(state, stream);
  }

  const importState = (n: number): Promise<void> =>
    replaceState(new Map([["runs", new Map([["a", { n }]])]]));

  const backup = (where = "true"): Promise<SqlRow[]> =>
    fixture.database.query(`select * from _rivulet_state where ${where}`);
  const wipe = (where = "true"): Promise<SqlRow[]> =>
    fixture.database.query(`delete from _rivulet_state where ${where}`);

  async function restore(rows: readonly SqlRow[], where?: string): Promise<void> {
    await wipe(where);
    for (const row of rows) {
      const values = Object.values(row).map((value) =>
        value === null ? "null" : `'${value as string}'`,
      );
      await fixture.database.query(`insert into _rivulet_state values (${values.join(", ")})`);
    }
  }

  async function setClockAhead(): Promise<void> {
    await fixture.database.query(
      "update _rivulet_sync set started_at = '2999-01-01T00:00:00.000000Z' where epoch = 2",
    );
  }

  test("is discarded with a warning if it is older", async () => {
    expect(await sync(1)).toEqual({});
    const old = await backup();
    expect(await sync(2)).toEqual({ runs: 1 });
    await restore(
      old.filter(({ stream }) => stream !== ""),
      "stream <> ''",
    );
    expect(warnings).toEqual([]);
    expect(await sync(3)).toEqual({});
    expect(warnings).toEqual([
      expect.stringMatching(/older than its rows.*everything is read again/),
    ]);
    expect(await sync(4)).toEqual({ runs: 3 });
    // The whole table, including the lock.
    await restore(old);
    expect(await sync(5)).toEqual({});
    expect(await sync(6)).toEqual({ runs: 5 });
    expect(warnings).toHaveLength(2);
  });

  test("is discarded if it is a backup from before all state was lost", async () => {
    await syncs(1, 3);
    const old = await backup();
    await wipe();
    await syncs(4, 5);
    await restore(old);
    expect(await sync(6)).toEqual({});
    expect(await sync(7)).toEqual({ runs: 6 });
    expect(warnings).toHaveLength(1);
  });

  test("is discarded if it is a newer backup than one that was restored before", async () => {
    await syncs(1, 3);
    const older = await backup();
    await sync(4);
    const newer = await backup();
    await syncs(5, 6);
    await restore(older);
    expect(await sync(7)).toEqual({});
    await restore(newer);
    expect(await sync(8)).toEqual({});
    expect(warnings).toHaveLength(2);
  });

  test("is discarded if only one stream was restored from a backup", async () => {
    await syncs(1, 2, ["runs", "others"]);
    const old = await backup("stream = 'others'");
    await syncs(3, 4, ["runs", "others"]);
    await restore(old, "stream = 'others'");
    expect(await sync(5, ["runs", "others"])).toEqual({});
    expect(await sync(6, ["runs", "others"])).toEqual({ runs: 5, others: 5 });
    expect(warnings).toHaveLength(1);
  });

  test("is kept if it was imported, even after all state was lost", async () => {
    await syncs(1, 3);
    await importState(10);
    expect(await sync(4)).toEqual({ runs: 10 });
    await wipe();
    await importState(20);
    expect(await sync(5)).toEqual({ runs: 20 });
    expect(await sync(6)).toEqual({ runs: 5 });
    expect(warnings).toEqual([]);
  });

  test("is discarded if it is a backup of imported state", async () => {
    await importState(1);
    const old = await backup();
    await syncs(2, 3);
    await restore(old);
    expect(await sync(4)).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  test("is discarded if it is a backup, even after a sync whose clock was ahead", async () => {
    await syncs(1, 3);
    await setClockAhead();
    const old = await backup();
    await syncs(4, 5);
    await restore(old);
    expect(await sync(6)).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  test("is kept after it was lost once, even after a sync whose clock was ahead", async () => {
    await syncs(1, 3);
    await setClockAhead();
    await wipe();
    expect(await sync(4)).toEqual({});
    expect(await sync(5)).toEqual({ runs: 4 });
    expect(await sync(6)).toEqual({ runs: 5 });
    expect(warnings).toEqual([]);
  });

  test("is kept for streams that a sync leaves out, resets or sees for the first time", async () => {
    await syncs(1, 2, ["runs"]);
    expect(await sync(3, ["others"])).toEqual({ runs: 2 });
    await syncs(4, 5, ["others"]);
    expect(await sync(6, [])).toEqual({ runs: 2, others: 5 });
    await replaceState(new Map(), "others");
    expect(await sync(7, ["runs"])).toEqual({ runs: 2 });
    expect(await sync(8, ["others", "runs"])).toEqual({ runs: 7 });
    await fixture.database.query("drop table others");
    expect(await sync(9, ["runs"])).toEqual({ runs: 8 });
    expect(await sync(10, ["runs"])).toEqual({ runs: 9 });
    expect(warnings).toEqual([]);
  });

  test("is kept if it was written before syncs saved their epochs", async () => {
    await syncs(1, 3, ["runs", "others"]);
    await fixture.database.query("update _rivulet_sync set epoch = null");
    await fixture.database.query("update _rivulet_state set epoch = 1 where stream = 'runs'");
    expect(await sync(4)).toEqual({ runs: 3, others: 3 });
    expect(await sync(5)).toEqual({ runs: 4, others: 3 });
    expect(warnings).toEqual([]);
  });
});
