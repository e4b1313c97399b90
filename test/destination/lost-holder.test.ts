import { spawnSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "../../src/core/destination.ts";
import { LockedError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { startCuttingProxy, type CuttingProxy } from "../support/cutting-proxy.ts";
import { newPostgres } from "../support/databases.ts";
import { countsOf, runs, silent, useDatabase } from "./fixture.ts";

const leaseMs = 2000;
const pipeline = { name: "test", identity: "here" };
const many = Array.from({ length: 1000 }, (_, index) => ({ id: `r${index}`, steps: index }));

describe("a process that was lost or suspended in a transaction of Postgres", () => {
  const fixture = useDatabase(newPostgres);
  let proxy: CuttingProxy;
  let lost: Session;
  let write: Promise<unknown>;
  let dispose: () => Promise<void>;

  /** Takes the lock with a short lease, and writes something. */
  beforeEach(async () => {
    proxy = await startCuttingProxy(new URL(fixture.database.url));
    const url = new URL(fixture.database.url);
    url.port = String(proxy.port);
    const destination = await openDestination(url.href, { log: silent, leaseMs, renewMs: 60_000 });
    lost = await destination.lock(pipeline);
    await lost.prepare([runs]);
    await lost.write([{ stream: "runs", rows: [{ id: "first" }] }]);
    dispose = async () => {
      await write.catch(() => undefined);
      await lost[Symbol.asyncDispose]();
      await destination[Symbol.asyncDispose]();
    };
  });
  afterEach(async () => {
    proxy.cutAll({ acceptNew: true });
    await dispose();
    await proxy[Symbol.asyncDispose]();
  });

  /** Its host is lost, as seen from the server, while it sends the rows of a COPY. */
  async function loseInCopy(): Promise<void> {
    proxy.cutAt("r999", "silent before");
    write = lost.write([{ stream: "runs", rows: many }]);
    await vi.waitUntil(() => !proxy.isArmed);
  }

  /** Another process takes the lock and writes. */
  async function succeed(): Promise<Session> {
    const destination = await fixture.open({ busyMs: 3000 });
    const session = await destination.lock(pipeline);
    await session.prepare([runs]);
    expect(countsOf(await session.write([{ stream: "runs", rows: many }]))).toEqual({
      inserted: 1000,
    });
    return session;
  }

  async function changeHolder(change: object): Promise<void> {
    const [text = ""] = await fixture.texts(
      "select checkpoint from _rivulet_state where stream = ''",
    );
    const lock = JSON.parse(text) as { holder: object };
    const changed = JSON.stringify({ ...lock, holder: { ...lock.holder, ...change } });
    await fixture.database.query(
      `update _rivulet_state set checkpoint = '${changed}' where stream = ''`,
    );
  }

  test("keeps the lock until its lease has run out, and is ended then", async () => {
    await loseInCopy();
    await expect(succeed()).rejects.toThrow(/locked by process/);
    await wait(leaseMs);
    await using session = await succeed();
    expect(session.lost.aborted).toBe(false);
    proxy.cutAll({ acceptNew: true });
    await expect(write).rejects.toThrow(/its lock was taken over/);
  });

  test("is ended at once if it is known to be dead", async () => {
    await loseInCopy();
    await changeHolder({ id: "dead", pid: spawnSync(process.execPath, ["-e", ""]).pid });
    await using session = await succeed();
    expect(session.lost.aborted).toBe(false);
  });

  test("is not ended while the server is at work for it: 75", async () => {
    await fixture.database.query("begin; lock table runs in access exclusive mode");
    write = lost.write([{ stream: "runs", rows: [{ id: "late" }] }]);
    await wait(leaseMs);
    const refusal = succeed();
    await expect(refusal).rejects.toBeInstanceOf(LockedError);
    await expect(refusal).rejects.toThrow(/the server is still at work for process \d+ on/);
    await fixture.database.query("commit");
    await write;
    expect(await fixture.texts("select id from runs order by 1")).toEqual(["first", "late"]);
  });

  test("ends with it no other program's connection, whatever name that has", async () => {
    const [tag = ""] = await fixture.texts(
      "select checkpoint::json->'holder'->>'tag' from _rivulet_state where stream = ''",
    );
    expect(tag).toMatch(/^rivulet [0-9a-f-]{36}$/);
    const role = fixture.database.url.replace(/.*=/, "role_");
    await fixture.database.query(`create role ${role} login password 'secret'`);
    const url = new URL(fixture.database.url);
    const { hostname: host, port } = url;
    const login = { host, port: Number(port), user: role, password: "secret" };
    const others = [
      new Client({ ...login, database: "postgres", application_name: tag }),
      new Client({ connectionString: url.href.replace("/postgres?", "/template1?") }),
    ] as const;
    for (const other of others) await other.connect();
    await others[1].query(`set application_name to '${tag}'`);
    await loseInCopy();
    await wait(leaseMs);
    await using session = await succeed();
    expect(session.lost.aborted).toBe(false);
    for (const other of others) {
      expect((await other.query("select 1")).rowCount).toBe(1);
      await other.end();
    }
    await fixture.database.query(`drop role ${role}`);
  });
});
