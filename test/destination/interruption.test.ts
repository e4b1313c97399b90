import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openDestination } from "../../src/destination/open.ts";
import { GroupWriter } from "../../src/engine/group-writer.ts";
import { newPostgres } from "../support/databases.ts";
import { countsOf, runs, silent, useDatabase } from "./fixture.ts";

describe("an interruption while another program has locked a table of Postgres", () => {
  const fixture = useDatabase(newPostgres);
  const enough = new Error("enough");
  const pipeline = { name: "test", identity: "here" };
  const batch = { stream: "runs", rows: [{ id: "a", steps: 1 }], checkpoint: { page: 1 } };

  async function interruptible() {
    const interruption = new AbortController();
    const destination = await fixture.open({ signal: interruption.signal });
    const session = await destination.lock(pipeline);
    await session.prepare([runs]);
    const [backend] = await destination.select("select pg_backend_pid() as pid");
    const interrupt = (): void => {
      interruption.abort(enough);
    };
    return { destination, session, interrupt, pid: String(backend?.["pid"]) };
  }

  async function lock(...tables: readonly string[]): Promise<void> {
    await fixture.database.query(`begin; lock table ${tables.join()} in access exclusive mode`);
  }

  async function unlock(): Promise<void> {
    await fixture.database.query("commit");
  }

  async function untilWaiting(pid: string): Promise<void> {
    const sql = `select count(*) from pg_locks where pid = ${pid} and not granted`;
    while ((await fixture.texts(sql))[0] === "0") await new Promise(setImmediate);
  }

  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => "none",
      (error: unknown) => error,
    );

  test("takes effect if it came before the destination was opened", async () => {
    await fixture.session([runs]);
    await lock("_rivulet_state");
    const destination = await fixture.open({ signal: AbortSignal.abort(enough), busyMs: 8000 });
    expect(await failureOf(destination.lock(pipeline))).toBe(enough);
    await unlock();
  });

  test("takes effect if it came while connecting", async () => {
    await fixture.session([runs]);
    await lock("_rivulet_state");
    const interruption = new AbortController();
    await using gate = await startGate(new URL(fixture.database.url));
    const { signal } = interruption;
    await using destination = await openDestination(gate.url, {
      log: silent,
      signal,
      busyMs: 8000,
    });
    const failure = failureOf(destination.lock(pipeline));
    await gate.reached;
    interruption.abort(enough);
    await wait(1000);
    gate.open();
    expect(await failure).toBe(enough);
    await unlock();
  });

  test("loses nothing if the lock is brief", async () => {
    const { session, interrupt, pid } = await interruptible();
    await lock("runs");
    interrupt();
    const write = session.write([batch]);
    await untilWaiting(pid);
    await wait(1000);
    await unlock();
    expect(countsOf(await write)).toEqual({ inserted: 1 });
  });

  test("ends all later writes too, within five seconds in total", async () => {
    const { session, interrupt, pid } = await interruptible();
    await session.begin();
    await lock("runs", "_rivulet_sync", "_rivulet_state");
    const first = failureOf(session.write([batch]));
    await untilWaiting(pid);
    interrupt();
    const unlocked = wait(5000).then(unlock);
    const transfer = { requests: 0, retries: 0, bytes: 0, waitedMs: 0 };
    expect(await first).toBe(enough);
    expect(await failureOf(session.write([batch]))).toBe(enough);
    const end = session.end({ status: "interrupted", counts: new Map(), transfer });
    expect(await failureOf(end)).toBe(enough);
    await session[Symbol.asyncDispose]();
    await unlocked;
    // The lease is still held, which shows that its release was not waited for.
    const holder = "select checkpoint::json->>'holder' from _rivulet_state where stream = ''";
    expect(await fixture.texts(holder)).not.toEqual(["null"]);
  });

  test("stores nothing that was read after a batch that could not be stored", async () => {
    const { destination, session, interrupt, pid } = await interruptible();
    const refusals: unknown[] = [];
    const onError = (error: unknown): void => void refusals.push(error);
    const writer = new GroupWriter({ session, onWritten: () => undefined, onError });
    await lock("runs");
    await writer.write([batch]);
    const next = writer.write([{ ...batch, checkpoint: { page: 2 } }]);
    await untilWaiting(pid);
    interrupt();
    await next;
    await unlock();
    await writer.write([{ ...batch, checkpoint: { page: 3 } }]);
    expect(await failureOf(writer.end())).toBe(enough);
    expect(await destination.state("test")).toEqual(new Map());
    expect(refusals).toContain(enough);
  });
});

/** A proxy to a server that makes connections wait until `open` is called. */
async function startGate(target: URL) {
  const waiting: Socket[] = [];
  let isOpen = false;
  const forward = (client: Socket): void => {
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.pipe(server).pipe(client);
  };
  const gate = createServer({ pauseOnConnect: true }, (client) => {
    if (isOpen) forward(client);
    else waiting.push(client);
  });
  gate.listen(0, "127.0.0.1");
  await once(gate, "listening");
  const address = gate.address();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  const url = new URL(target);
  url.host = `127.0.0.1:${address.port}`;
  return {
    url: url.href,
    reached: once(gate, "connection"),
    open() {
      isOpen = true;
      for (const client of waiting) forward(client);
    },
    async [Symbol.asyncDispose]() {
      await new Promise((closed) => gate.close(closed));
    },
  };
}
