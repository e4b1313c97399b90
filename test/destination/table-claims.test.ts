import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Session } from "../../src/core/destination.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { newPostgres, sqlites } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

const tables = ["projects", "runs", "metrics"].map((name) => ({ ...runs, name }));

describe.each(["read committed", "repeatable read"])("claims of tables at %s", (isolation) => {
  const fixture = useDatabase(async () => {
    const database = await newPostgres();
    const url = new URL(database.url);
    const escaped = isolation.replace(" ", "\\ ");
    url.searchParams.set("options", `-c default_transaction_isolation=${escaped}`);
    // In a URL of Postgres, `+` is no space.
    return { ...database, url: url.href.replaceAll("+", "%20") };
  });

  async function pipelines(): Promise<readonly [Session, Session]> {
    return [
      await fixture.session([], { name: "one", identity: "workspace one" }),
      await fixture.session([], { name: "two", identity: "workspace two" }),
    ];
  }

  /** Waits until both pipelines wait for a lock of the test's own connection, or for each other. */
  async function untilBothWait(): Promise<void> {
    const waiting = `with recursive waiting (pid) as (
        select pg_backend_pid() union
        select pg_stat_activity.pid from pg_stat_activity, waiting
          where waiting.pid = any(pg_blocking_pids(pg_stat_activity.pid)))
      select count(*) - 1 from waiting`;
    while (Number((await fixture.texts(waiting))[0]) < 2) await wait(5);
  }

  test.each([
    ["the same table", "projects"],
    ["two tables", "runs"],
  ])("are made by one of two pipelines that first write together, to %s", async (_case, other) => {
    const sessions = await pipelines();
    for (const session of sessions) await session.prepare(tables);
    await fixture.texts("begin; lock table _rivulet_state in share mode");
    const writes = Promise.allSettled([
      sessions[0].write([{ stream: "projects", rows: [{ id: "one" }] }]),
      sessions[1].write([{ stream: other, rows: [{ id: "two" }] }]),
    ]);
    await untilBothWait();
    await fixture.texts("commit");
    const refused = (await writes).filter(({ status }) => status === "rejected");
    expect(refused).toEqual([{ status: "rejected", reason: expect.any(ConfigError) as unknown }]);
    const stored = "select id from projects union all select id from runs";
    expect(await fixture.texts(stored)).toHaveLength(1);
  });

  test("do not fail if two pipelines create the same tables together", async () => {
    const sessions = await pipelines();
    // Neither sees this table, and both wait to create it.
    await fixture.texts("begin; create table projects (id text)");
    const prepared = Promise.all(sessions.map((session) => session.prepare(tables)));
    await untilBothWait();
    await fixture.texts("rollback");
    await prepared;
    const [one, two] = sessions;
    await one.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await expect(two.write([{ stream: "runs", rows: [{ id: "b" }] }])).rejects.toThrow(
      /table "projects" belongs to the pipeline "one"/,
    );
  });
});

describe("a first write that fails in postgres", () => {
  const fixture = useDatabase(newPostgres);

  test("holds no lock that another pipeline waits for", async () => {
    const one = await fixture.session([runs]);
    const two = await fixture.session([{ ...runs, name: "others" }], { name: "other" });
    await fixture.texts("begin; lock table runs in share mode");
    const blocked = one.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    const waiting = "select 1 from pg_locks where relation = 'runs'::regclass and not granted";
    while ((await fixture.texts(waiting)).length === 0) await wait(5);
    await two.write([{ stream: "others", rows: [{ id: "b" }] }]);
    await fixture.texts("commit");
    await blocked;
    expect(await fixture.texts("select id from runs")).toEqual(["a"]);
  });
});

describe.each(sqlites)("claims of tables in %s", (_name, create) => {
  const fixture = useDatabase(create);
  const upper = { ...runs, name: "Runs" };

  test("hold for streams of other pipelines whose names differ only in case", async () => {
    const first = await fixture.session([upper]);
    await first.write([{ stream: "Runs", rows: [{ id: "a" }] }]);
    const second = await fixture.session([], { name: "other" });
    const refusal = second.prepare([runs]);
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    await expect(refusal).rejects.toThrow(/table "runs" belongs to the pipeline "test"/);
    await first.replaceState(new Map());
    await second.prepare([runs]);
  });

  test("hold if both pipelines have prepared before either wrote", async () => {
    const first = await fixture.session([upper]);
    const second = await fixture.session([runs], { name: "other" });
    await first.write([{ stream: "Runs", rows: [{ id: "a" }] }]);
    const write = second.write([{ stream: "runs", rows: [{ id: "b" }] }]);
    await expect(write).rejects.toBeInstanceOf(ConfigError);
    expect(await fixture.texts("select id from runs")).toEqual(["a"]);
  });

  test("are refused to two streams of one pipeline whose names differ only in case", async () => {
    const session = await fixture.session([upper]);
    await expect(session.prepare([runs])).rejects.toThrow(
      /"Runs" and "runs" would share one table/,
    );
    const other = await fixture.session([], { name: "other" });
    const both = ["A", "a"].map((name) => ({ ...runs, name }));
    await expect(other.prepare(both)).rejects.toBeInstanceOf(ConfigError);
  });

  test("leave streams without a table apart, such as the input of a target", async () => {
    const first = await fixture.session([]);
    await first.write([{ stream: "_rivulet_input:A", rows: [], checkpoint: { page: 1 } }]);
    const second = await fixture.session([], { name: "other" });
    await second.write([{ stream: "_rivulet_input:a", rows: [], checkpoint: { page: 2 } }]);
    expect((await second.state()).size).toBe(1);
  });
});

describe("claims of tables in postgres", () => {
  const fixture = useDatabase(newPostgres);

  test("tell names apart that differ only in case", async () => {
    const first = await fixture.session([runs]);
    await first.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    const second = await fixture.session([{ ...runs, name: "Runs" }], { name: "other" });
    await second.write([{ stream: "Runs", rows: [{ id: "b" }] }]);
    expect(await fixture.texts('select id from "Runs"')).toEqual(["b"]);
  });
});
