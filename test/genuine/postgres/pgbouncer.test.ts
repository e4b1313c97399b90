import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { ConfigError } from "../../../src/core/errors.ts";
import { countsOf, openRuns, throughPort, useDatabase } from "../../destination/fixture.ts";
import { startCuttingProxy, type CuttingProxy } from "../../support/cutting-proxy.ts";
import { newPostgres } from "../../support/databases.ts";
import { findPgbouncer, startPgbouncer, type PoolOptions } from "./pgbouncer.ts";

const pgbouncer = await findPgbouncer();
const many = Array.from({ length: 1000 }, (_, index) => ({ id: `r${index}`, steps: index }));

describe.skipIf(!pgbouncer)("behind PgBouncer", () => {
  const fixture = useDatabase(newPostgres);
  let pooler: Awaited<ReturnType<typeof startPgbouncer>>;
  let proxy: CuttingProxy;
  let other: Client;

  async function start(options: PoolOptions): Promise<void> {
    if (!pgbouncer) throw new Error("this test is skipped");
    pooler = await startPgbouncer(pgbouncer, new URL(inject("postgresUrl")), options);
    proxy = await startCuttingProxy(pooler.url);
    other = new Client({ connectionString: pooler.url.href });
    await other.connect();
  }
  beforeEach(() => start({ poolMode: "transaction" }));
  async function stop(): Promise<void> {
    await other.end();
    await proxy[Symbol.asyncDispose]();
    await pooler[Symbol.asyncDispose]();
  }
  afterEach(stop);

  async function restart(options: PoolOptions): Promise<void> {
    await stop();
    await start(options);
  }

  /** A session through the pooler, whose connection the proxy can cut. */
  async function connected() {
    const opened = await openRuns(throughPort(fixture.database, proxy.port));
    await opened.session.begin();
    return opened;
  }

  test("in transaction mode, another program's session has its own settings, and no tables of ours", async () => {
    // PgBouncer itself sets the application_name.
    const settings = `select name, setting from pg_settings where source = 'session'
      and name not in ('application_name', 'transaction_isolation') order by name`;
    const tables = "select relname from pg_class where relpersistence = 't'";
    const before = (await other.query(settings)).rows;
    await using connection = await connected();
    const { session } = connection;
    await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
    for (const steps of [1, 2]) {
      const rows = many.map((row) => ({ ...row, steps: row.steps + steps }));
      await session.write([{ stream: "runs", rows }]);
      expect((await other.query(settings)).rows).toEqual(before);
      expect((await other.query(tables)).rows).toEqual([]);
    }
    expect(await fixture.texts("select count(*) from runs")).toEqual(["1000"]);
  });

  test("in transaction mode, a session works although another program leaves its settings and tables", async () => {
    await other.query("set search_path to nowhere; set timezone to 'Asia/Kolkata'");
    await other.query("set datestyle to 'German'; create temporary table rivulet_1 (x integer)");
    await using connection = await connected();
    const { session } = connection;
    await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
    expect(countsOf(await session.write([{ stream: "runs", rows: many }]))).toEqual({
      inserted: 700,
      unchanged: 300,
    });
    await other.query("discard all");
  });

  test("in transaction mode, a lost connection does not end the transaction of another program", async () => {
    await restart({ poolMode: "transaction", poolSize: 2 });
    await using connection = await connected();
    const { session } = connection;
    await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
    await other.query("begin");
    proxy.cutAll({ acceptNew: true });
    const write = session.write([{ stream: "runs", rows: many }]);
    await wait(1000);
    await other.query("commit");
    expect(countsOf(await write)).toEqual({ inserted: 700, unchanged: 300 });
  });

  test("in transaction mode, a commit without an answer is looked up", async () => {
    await using connection = await connected();
    const { session } = connection;
    await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
    proxy.cutAt("commit\0", "after");
    expect(countsOf(await session.write([{ stream: "runs", rows: many }]))).toEqual({
      inserted: 700,
      unchanged: 300,
    });
  });

  test("in statement mode, the sync is refused, with what to change", async () => {
    await restart({ poolMode: "statement" });
    const refusal = connected();
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    await expect(refusal).rejects.toThrow(/pool_mode/);
  });
});
