import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TransientError } from "../../src/core/errors.ts";
import type { OpenOptions } from "../../src/destination/open.ts";
import { startCuttingProxy, type CuttingProxy, type CutMoment } from "../support/cutting-proxy.ts";
import { newPostgres } from "../support/databases.ts";
import { countsOf, openRuns, throughPort, useDatabase } from "./fixture.ts";

describe("a lost connection to Postgres", () => {
  const fixture = useDatabase(newPostgres);
  let proxy: CuttingProxy;
  beforeEach(async () => {
    proxy = await startCuttingProxy(new URL(fixture.database.url));
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  const connected = (options?: Partial<OpenOptions>) =>
    openRuns(throughPort(fixture.database, proxy.port), options);

  const many = Array.from({ length: 1000 }, (_, index) => ({ id: `r${index}`, steps: index }));
  const batch = { stream: "runs", rows: many, checkpoint: { page: 1 } };

  const moments: readonly (readonly [CutMoment, string])[] = [
    ["before", "insert into"],
    ["during", "insert into"],
    ["before", "copy pg_temp"],
    ["before", "r999"],
    ["during", "r999"],
    ["before", "commit\0"],
    ["unnoticed", "commit\0"],
    ["unnoticed", "insert into"],
    ["during", "commit\0"],
    ["after", "commit\0"],
    ["before", "begin;"],
    ["after", "begin;"],
  ];

  test.each(moments)(
    "%s %j is replaced: everything is written once and counted once",
    async (...at) => {
      const [moment, text] = at;
      await using connection = await connected();
      const { session } = connection;
      await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
      proxy.cutAt(text, moment);
      expect(countsOf(await session.write([batch]))).toEqual({ inserted: 700, unchanged: 300 });
      expect(proxy.connections).toBe(2);
      expect(await fixture.texts("select count(*) from runs")).toEqual(["1000"]);
      const next = { ...batch, rows: [{ id: "next" }], checkpoint: { page: 2 } };
      expect(countsOf(await session.write([next]))).toEqual({ inserted: 1 });
      expect(await (await fixture.open()).state("test")).toEqual(
        new Map([["runs", new Map([["", { page: 2 }]])]]),
      );
    },
  );

  test("after a commit that wrote nothing counts nothing twice", async () => {
    await using connection = await connected();
    const { session } = connection;
    await session.write([batch]);
    proxy.cutAt("commit\0", "after");
    expect(countsOf(await session.write([batch]))).toEqual({ unchanged: 1000 });
  });

  test("while the session is idle is replaced for the next write", async () => {
    await using connection = await connected();
    const { destination, session } = connection;
    await session.begin();
    const [backend] = await destination.select("select pg_backend_pid() as pid");
    await fixture.database.query(`select pg_terminate_backend(${String(backend?.["pid"])}, 5000)`);
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 1000 });
    proxy.cutAll({ acceptNew: true });
    const transfer = { requests: 0, retries: 0, bytes: 0, waitedMs: 0 };
    await session.end({ status: "completed", counts: new Map(), transfer });
    expect(await fixture.texts("select status from _rivulet_sync")).toEqual(["completed"]);
  });

  test("to a server that is restarting is retried until the server is back", async () => {
    await using connection = await connected();
    const { session } = connection;
    proxy.cutAll({ acceptNew: false });
    const write = session.write([batch]);
    setTimeout(() => {
      proxy.cutAll({ acceptNew: true });
    }, 300);
    expect(countsOf(await write)).toEqual({ inserted: 1000 });
  });

  test("that cannot be replaced ends the sync after some time; what was written stays", async () => {
    await using connection = await connected({ reconnectMs: 300 });
    const { session } = connection;
    await session.write([batch]);
    proxy.cutAll({ acceptNew: false });
    const write = session.write([{ stream: "runs", rows: [{ id: "lost" }] }]);
    await expect(write).rejects.toBeInstanceOf(TransientError);
    await expect(write).rejects.toThrow(/the connection was lost; run the sync again/);
    expect(await fixture.texts("select count(*) from runs")).toEqual(["1000"]);
  });

  test("is not waited for after an interruption", async () => {
    const interruption = new AbortController();
    await using connection = await connected({ signal: interruption.signal, reconnectMs: 600_000 });
    const { session } = connection;
    proxy.cutAll({ acceptNew: false });
    const write = session.write([batch]);
    setTimeout(() => {
      interruption.abort(new Error("interrupted"));
    }, 50);
    await expect(write).rejects.toThrow("interrupted");
  });

  test("does not let a process write whose lock was taken over in the meantime", async () => {
    await using connection = await connected();
    const { session } = connection;
    await fixture.database.query("update _rivulet_state set epoch = 9 where stream = ''");
    proxy.cutAt("insert into", "before");
    proxy.cutAll({ acceptNew: true });
    await expect(session.write([batch])).rejects.toThrow(/its lock was taken over/);
    expect(await fixture.texts("select count(*) from runs")).toEqual(["0"]);
  });
});
