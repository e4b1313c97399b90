import { describe, expect, test } from "vitest";
import type { Session, SyncStatus } from "../../src/core/destination.ts";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

const transfer = { requests: 0, retries: 0, bytes: 0, waitedMs: 0 };

describe.each(databases)("the log of syncs in %s", (_dialect, create) => {
  const fixture = useDatabase(create);

  /** Runs a sync of its own session that keeps this many. */
  async function sync(
    keepSyncs: number | undefined,
    { name, status, id }: { name?: string; status?: SyncStatus; id?: string } = {},
  ): Promise<void> {
    const options = keepSyncs === undefined ? {} : { keepSyncs };
    const destination = await fixture.open(options);
    const session: Session = await destination.lock({ name: name ?? "test", identity: "here" });
    await session.begin();
    if (id !== undefined) {
      await session.prepare([runs]);
      await session.write([{ stream: "runs", rows: [{ id }], checkpoint: { id } }]);
    }
    await session.end({ status: status ?? "completed", counts: new Map(), transfer });
    await session[Symbol.asyncDispose]();
    await destination[Symbol.asyncDispose]();
  }

  const count = async (pipeline: string): Promise<string | undefined> =>
    (await fixture.texts(`select count(*) from _rivulet_sync where pipeline = '${pipeline}'`))[0];

  /** Adds syncs that have died. */
  async function addDied(number: number, startedAt: string): Promise<void> {
    await fixture.database.query(`
      insert into _rivulet_sync (id, pipeline, started_at, status)
      with recursive numbers (n) as (
        select 1 union all select n + 1 from numbers where n < ${number})
      select 'old ' || n, 'test', '${startedAt}', 'running' from numbers`);
  }

  test("keeps the last 10,000 of each pipeline", async () => {
    await sync(undefined, { name: "other" });
    await addDied(9_999, "2001-01-01");
    await sync(undefined);
    expect(await count("test")).toBe("10000");
    await fixture.database.query(
      "update _rivulet_sync set started_at = '2000-01-01' where id = 'old 7'",
    );
    await sync(undefined);
    expect(await count("test")).toBe("10000");
    expect(await fixture.texts("select id from _rivulet_sync where id = 'old 7'")).toEqual([]);
    expect(await count("other")).toBe("1");
  });

  test("keeps fewer if so configured, and the last of each status besides", async () => {
    for (const status of ["completed", "partial", "completed"] as const)
      await sync(undefined, { status });
    for (let syncs = 0; syncs < 4; syncs += 1) await sync(2, { status: "failed" });
    const statuses = "select status from _rivulet_sync order by started_at desc";
    expect(await fixture.texts(statuses)).toEqual(["failed", "failed", "completed", "partial"]);
  });

  test("keeps the one that is running, even if clocks of earlier ones were ahead", async () => {
    await sync(undefined);
    await addDied(5, "2999-01-01");
    await sync(2, { status: "partial" });
    expect(
      await fixture.texts("select id from _rivulet_sync where status = 'partial'"),
    ).toHaveLength(1);
  });

  test("still shows which state is older than the rows", async () => {
    await sync(undefined, { id: "a" });
    await fixture.database.query("create table backup as select * from _rivulet_state");
    await sync(undefined, { id: "b" });
    for (let syncs = 0; syncs < 4; syncs += 1) await sync(1);
    // The last, the one that had completed before, and that of the greatest epoch.
    expect(await count("test")).toBe("3");
    await fixture.database.query("delete from _rivulet_state");
    await fixture.database.query("insert into _rivulet_state select * from backup");
    const session = await fixture.session([runs]);
    expect(await session.state()).toEqual(new Map());
  });
});
