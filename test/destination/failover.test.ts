import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Destination, Session } from "../../src/core/destination.ts";
import { LockedError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { startEmbeddedPostgres } from "../support/embedded-postgres.ts";
import { countsOf, runs, silent } from "./fixture.ts";

const pipeline = { name: "test", identity: "here" };
const transfer = { requests: 0, retries: 0, bytes: 0, waitedMs: 0 };

describe("a failover of Postgres", () => {
  let server: Awaited<ReturnType<typeof startEmbeddedPostgres>>;
  let schema = "";
  let destination: Destination;
  let session: Session;

  beforeAll(async () => {
    server = await startEmbeddedPostgres();
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    schema = `test_${randomBytes(6).toString("hex")}`;
    destination = await openDestination(`${server.url}?schema=${schema}`, { log: silent });
    session = await destination.lock(pipeline);
    await session.begin();
    await session.prepare([runs]);
  });
  afterEach(async () => {
    await session[Symbol.asyncDispose]();
    await destination[Symbol.asyncDispose]();
  });

  async function query(text: string): Promise<string[]> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query(`set search_path to ${schema}`);
    const { rows } = await client.query<Record<string, unknown>>(text);
    await client.end();
    return rows.map((row) => String(Object.values(row)[0]));
  }

  const write = (id: string, page: number, into = session) =>
    into.write([{ stream: "runs", rows: [{ id }], partition: id, checkpoint: { page } }]);

  test("to a copy that lacks a transaction is noticed: nothing is written after the gap", async () => {
    await write("a", 1);
    await server.copy();
    await write("b", 2);
    await server.failOver();
    const next = write("c", 3);
    await expect(next).rejects.toBeInstanceOf(LockedError);
    await expect(next).rejects.toThrow(/lacks transactions.*failover.*run it again/);
    expect(session.lost.aborted).toBe(true);
    expect(await query("select id from runs")).toEqual(["a"]);
    await session[Symbol.asyncDispose]();
    session = await destination.lock(pipeline);
    expect([...((await session.state()).get("runs")?.keys() ?? [])]).toEqual(["a"]);
    await session.prepare([runs]);
    expect(countsOf(await write("b", 2, session))).toEqual({ inserted: 1 });
  });

  test("is noticed after the last write, too: the sync does not count as completed", async () => {
    await server.copy();
    await write("a", 1);
    await server.failOver();
    const end = session.end({ status: "completed", counts: new Map(), transfer });
    await expect(end).rejects.toBeInstanceOf(LockedError);
    await session.end({ status: "failed", counts: new Map(), transfer, error: "lost" });
    expect(await query("select status from _rivulet_sync")).toEqual(["failed"]);
  });

  test("is noticed if the reply to a commit was lost, and the copy uses its number again", async () => {
    await using proxy = await startCuttingProxy(new URL(server.url));
    const url = new URL(`${server.url}?schema=${schema}`);
    url.port = String(proxy.port);
    await using remote = await openDestination(url.href, { log: silent });
    await using other = await remote.lock({ name: "other" });
    await other.prepare([{ ...runs, name: "others" }]);
    const writeOther = (id: string) => other.write([{ stream: "others", rows: [{ id }] }]);
    await server.copy();
    await writeOther("a");
    proxy.cutAt("commit\0", "after");
    // Before the reply is lost: it could be looked up otherwise.
    proxy.onceSent("commit\0", () => {
      proxy.refuseNew();
    });
    const last = writeOther("b");
    await vi.waitFor(() => {
      expect(proxy.isArmed).toBe(false);
    });
    proxy.cutAll({ acceptNew: false });
    await server.failOver();
    for (let n = 0; n < 50; n += 1) await query(`create table used${n} ()`);
    proxy.cutAll({ acceptNew: true });
    await expect(last).rejects.toBeInstanceOf(LockedError);
    expect(await query("select id from others")).toEqual([]);
  });

  test("to a copy that has everything is survived", async () => {
    await write("a", 1);
    await server.copy();
    await server.failOver();
    expect(countsOf(await write("b", 2))).toEqual({ inserted: 1 });
    await session.end({ status: "completed", counts: new Map(), transfer });
    expect(await query("select status from _rivulet_sync")).toEqual(["completed"]);
  });

  test("to a copy from before the lock was taken is noticed", async () => {
    await session[Symbol.asyncDispose]();
    await server.copy();
    session = await destination.lock(pipeline);
    await session.prepare([runs]);
    await server.failOver();
    await expect(write("a", 1)).rejects.toThrow(/lacks transactions/);
  });
});
