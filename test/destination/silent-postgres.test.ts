import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { TransientError } from "../../src/core/errors.ts";
import { openDestination, type OpenOptions } from "../../src/destination/open.ts";
import { startCuttingProxy, type CuttingProxy, type CutMoment } from "../support/cutting-proxy.ts";
import { newPostgres } from "../support/databases.ts";
import { startEmbeddedPostgres } from "../support/embedded-postgres.ts";
import { countsOf, openRuns, silent, throughPort, useDatabase } from "./fixture.ts";

const many = Array.from({ length: 1000 }, (_, index) => ({ id: `r${index}`, steps: index }));
const batch = { stream: "runs", rows: many, checkpoint: { page: 1 } };
const enough = new Error("enough");

/** What `work` throws; "late" if it does not end within the promised five seconds. */
function failureOf(work: Promise<unknown>): Promise<unknown> {
  const failure = work.then(
    () => "none",
    (error: unknown) => error,
  );
  return Promise.race([failure, wait(5000, "late")]);
}

describe("a Postgres that falls silent", () => {
  const fixture = useDatabase(newPostgres);
  let proxy: CuttingProxy;
  beforeEach(async () => {
    proxy = await startCuttingProxy(new URL(fixture.database.url));
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  async function connected(options?: Partial<OpenOptions>) {
    const opened = await openRuns(throughPort(fixture.database, proxy.port), options);
    await opened.session.begin();
    return opened;
  }

  const moments: readonly (readonly [CutMoment, string])[] = [
    ["silent before", "commit\0"],
    ["silent after", "commit\0"],
    ["silent before", "r999"],
    ["silent after", "r999"],
    ["silent before", "begin;"],
    ["silent after", "begin;"],
  ];

  test.each(moments)("%s %j is given up: everything is written once", async (...at) => {
    const [moment, text] = at;
    await using connection = await connected({ statementMs: 1000 });
    const { session } = connection;
    await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
    proxy.cutAt(text, moment);
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 700, unchanged: 300 });
    expect(proxy.connections).toBe(2);
    expect(await fixture.texts("select count(*) from runs")).toEqual(["1000"]);
    const next = { ...batch, rows: [{ id: "next" }], checkpoint: { page: 2 } };
    expect(countsOf(await session.write([next]))).toEqual({ inserted: 1 });
  });

  test("for good ends the sync, and says what to do", async () => {
    await using connection = await connected({ statementMs: 300, reconnectMs: 300 });
    proxy.silenceAll();
    const write = connection.session.write([batch]);
    await expect(write).rejects.toBeInstanceOf(TransientError);
    await expect(write).rejects.toThrow(/cannot be reached; check that the server runs/);
  });

  test("with each statement is not asked a third time", async () => {
    await using connection = await connected({ statementMs: 300 });
    proxy.cutAt("insert into", "silent after");
    const write = connection.session.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await vi.waitUntil(() => !proxy.isArmed);
    proxy.cutAt("insert into", "silent after");
    await expect(write).rejects.toThrow(
      /does not answer; .* raise statement_seconds \(no answer for 0\.3 seconds\)/,
    );
  });

  describe("does not keep an interruption waiting for more than five seconds", () => {
    async function interruptible() {
      const interruption = new AbortController();
      const connection = await connected({ signal: interruption.signal, busyMs: 8000 });
      const interrupt = (): void => {
        interruption.abort(enough);
      };
      return { ...connection, interrupt };
    }

    test.each(["commit\0", "r999"])("at %j", async (text) => {
      const { session, interrupt, dispose } = await interruptible();
      await session.write([{ stream: "runs", rows: many.slice(0, 300) }]);
      proxy.cutAt(text, "silent before");
      const write = session.write([batch]);
      await vi.waitUntil(() => !proxy.isArmed);
      proxy.silenceAll();
      interrupt();
      const all = write.finally(dispose);
      expect(await failureOf(all)).toBe(enough);
    });

    test("while it reconnects", async () => {
      const { session, interrupt, dispose } = await interruptible();
      proxy.cutAll({ acceptNew: true });
      proxy.silenceAll();
      const write = session.write([batch]).finally(dispose);
      await vi.waitUntil(() => proxy.connections === 2);
      interrupt();
      expect(await failureOf(write)).toBe(enough);
    });

    test("while it connects", async () => {
      const interruption = new AbortController();
      proxy.silenceAll();
      const url = new URL(fixture.database.url);
      url.port = String(proxy.port);
      const { signal } = interruption;
      await using destination = await openDestination(url.href, { log: silent, signal });
      const check = destination.check();
      await vi.waitUntil(() => proxy.connections === 1);
      interruption.abort(enough);
      expect(await failureOf(check)).toBe(enough);
    });

    test("while it closes", async () => {
      const { interrupt, dispose } = await interruptible();
      proxy.silenceAll();
      interrupt();
      expect(await failureOf(dispose())).toBe("none");
    });
  });
});

describe("a COMMIT that waits for a synchronous standby", () => {
  let server: Awaited<ReturnType<typeof startEmbeddedPostgres>>;
  let admin: Client;
  beforeAll(async () => {
    server = await startEmbeddedPostgres();
    admin = new Client({ connectionString: server.url });
    await admin.connect();
    await admin.query("set synchronous_commit to local");
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  async function requireStandby(names: string): Promise<void> {
    await admin.query(`alter system set synchronous_standby_names to '${names}'`);
    await admin.query("select pg_reload_conf()");
    await vi.waitUntil(async () => {
      const { rows } = await admin.query<{ names: string }>(
        "select current_setting('synchronous_standby_names') as names",
      );
      return rows[0]?.names === names;
    });
  }

  async function waitingCommit(schema: string, options: Partial<OpenOptions>) {
    const { session, dispose } = await openRuns(`${server.url}?schema=${schema}`, options);
    // The first write claims the table, in a transaction of its own.
    await session.write([{ stream: "runs", rows: [], checkpoint: { page: 0 } }]);
    await requireStandby("nobody");
    const write = session.write([batch]);
    const waiting = "select 1 from pg_stat_activity where wait_event = 'SyncRep'";
    await vi.waitUntil(async () => (await admin.query(waiting)).rowCount);
    return { write, dispose };
  }

  const count = async (schema: string): Promise<unknown> =>
    (await admin.query<{ n: string }>(`select count(*) as n from ${schema}.runs`)).rows[0]?.n;

  test("is given up and looked up: it is counted once", async () => {
    const { write, dispose } = await waitingCommit("given_up", { statementMs: 1000 });
    expect(countsOf(await write)).toEqual({ inserted: 1000 });
    await requireStandby("");
    await dispose();
    expect(await count("given_up")).toBe("1000");
  });

  test("does not keep an interruption waiting for more than five seconds", async () => {
    const interruption = new AbortController();
    const { write, dispose } = await waitingCommit("ended", { signal: interruption.signal });
    interruption.abort(enough);
    const failure = await failureOf(write.finally(dispose));
    await requireStandby("");
    expect(failure).not.toBe("late");
    expect(await count("ended")).toBe("1000");
  });
});
