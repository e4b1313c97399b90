import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect, test, vi } from "vitest";
import { ConfigError, LockedError } from "../../src/core/errors.ts";
import type { Session } from "../../src/core/destination.ts";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

interface Lock {
  readonly identity: string | null;
  readonly holder: Holder | null;
}

interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly origin?: {
    readonly boot: string;
    readonly pidNamespace: string;
    readonly started: string;
  };
  readonly since: string;
  readonly until: number;
}

const pipeline = { name: "test", identity: "here" };

describe.each(databases)("the lock in %s", (_dialect, create) => {
  const fixture = useDatabase(create);
  const row = "from _rivulet_state where pipeline = 'test' and stream = ''";

  async function lock(): Promise<Lock> {
    const [text = ""] = await fixture.texts(`select checkpoint ${row}`);
    return JSON.parse(text) as Lock;
  }

  /** Changes the stored holder, as if another process had taken the lock. */
  async function changeHolder(holder: { [Key in keyof Holder]?: unknown }): Promise<void> {
    const stored = await lock();
    const changed = JSON.stringify({ ...stored, holder: { ...stored.holder, ...holder } });
    await fixture.database.query(
      `update _rivulet_state set checkpoint = '${changed}' where pipeline = 'test' and stream = ''`,
    );
  }

  const epoch = async (): Promise<number> =>
    Number((await fixture.texts(`select epoch ${row}`))[0]);
  const startOfProcess = (pid: number): string | undefined =>
    readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "").split(" ")[20];
  const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;
  const nextSession = async (): Promise<Session> => await fixture.session([runs]);

  test("refuses a second sync of the pipeline, and says who holds it since when", async () => {
    await fixture.session([runs]);
    const second = nextSession();
    await expect(second).rejects.toBeInstanceOf(LockedError);
    await expect(second).rejects.toThrow(
      new RegExp(
        `pipeline "test": locked by process ${process.pid} on ${hostname()} since \\d{4}-`,
      ),
    );
  });

  test("lets other pipelines of the database sync at the same time", async () => {
    const [first, second] = [
      await fixture.session([runs]),
      await fixture.session([{ ...runs, name: "others" }], { name: "other" }),
    ];
    await Promise.all([
      first.write([{ stream: "runs", rows: [{ id: "a" }], checkpoint: { page: 1 } }]),
      second.write([{ stream: "others", rows: [{ id: "a" }], checkpoint: { page: 2 } }]),
    ]);
    expect((await first.state()).get("runs")?.get("")).toEqual({ page: 1 });
    expect((await second.state()).get("others")?.get("")).toEqual({ page: 2 });
  });

  test("is free after the session was disposed of; the next epoch is greater by one", async () => {
    const first = await fixture.session([runs]);
    expect(await epoch()).toBe(1);
    await first[Symbol.asyncDispose]();
    expect((await lock()).holder).toBeNull();
    await nextSession();
    expect(await epoch()).toBe(2);
  });

  // Other systems do not tell processes apart.
  describe.runIf(process.platform === "linux")("is taken over at once", () => {
    test("from a process that died on this host", async () => {
      await fixture.session([runs]);
      await changeHolder({ id: "dead", pid: deadPid() });
      await nextSession();
      expect(await epoch()).toBe(2);
      expect((await lock()).holder?.pid).toBe(process.pid);
    });

    test("from this process, where it was not released", async () => {
      await fixture.session([runs]);
      await changeHolder({ id: "an earlier lease" });
      await nextSession();
      expect(await epoch()).toBe(2);
    });

    test.each([
      ["another process", process.ppid],
      ["this process", process.pid],
    ])("from a dead process whose pid is now that of %s", async (_process, pid) => {
      await fixture.session([runs]);
      const origin = { ...(await lock()).holder?.origin, started: "1" };
      await changeHolder({ id: "dead", pid, origin });
      await nextSession();
      expect(await epoch()).toBe(2);
    });
  });

  test.each([
    ["an older rivulet", () => undefined],
    ["another boot or host", (origin?: object) => ({ ...origin, boot: "elsewhere" })],
    ["another PID namespace", (origin?: object) => ({ ...origin, pidNamespace: "pid:[1]" })],
    ["a system that is not known yet", () => ({ cell: 7 })],
  ])("is not taken over from %s before its lease expires", async (_origin, change) => {
    await fixture.session([runs]);
    const origin = change((await lock()).holder?.origin);
    await changeHolder({ id: "unknown", pid: deadPid(), origin });
    await expect(nextSession()).rejects.toBeInstanceOf(LockedError);
    await changeHolder({ until: 0 });
    await nextSession();
  });

  test("is not taken over from a process on another host before its lease expires", async () => {
    await fixture.session([runs]);
    await changeHolder({ id: "far", host: "elsewhere", pid: deadPid() });
    await expect(nextSession()).rejects.toThrow(/on elsewhere/);
    await changeHolder({ until: 0 });
    await nextSession();
    expect(await epoch()).toBe(2);
  });

  test("is not taken over from a living process before its lease expires", async () => {
    await fixture.session([runs]);
    const { origin: own } = (await lock()).holder ?? {};
    const origin = own && { ...own, started: startOfProcess(process.ppid) };
    await changeHolder({ id: "parent", pid: process.ppid, origin });
    await expect(nextSession()).rejects.toBeInstanceOf(LockedError);
    await changeHolder({ until: 0 });
    await nextSession();
  });

  test("is renewed in the background", async () => {
    const destination = await fixture.open({ leaseMs: 60_000, renewMs: 10 });
    await using session = await destination.lock(pipeline);
    const before = (await lock()).holder?.until ?? Infinity;
    await vi.waitFor(async () => {
      expect((await lock()).holder?.until).toBeGreaterThan(before);
    });
    expect(session.lost.aborted).toBe(false);
  });

  test("fences off a process that was suspended past its lease: it writes nothing and gets an error", async () => {
    const suspended = await fixture.session([runs]);
    await suspended.write([{ stream: "runs", rows: [{ id: "a" }], checkpoint: { page: 1 } }]);
    await changeHolder({ until: 0, pid: deadPid(), id: "suspended" });
    const successor = await nextSession();
    const write = suspended.write([
      { stream: "runs", rows: [{ id: "b" }], checkpoint: { page: 2 } },
    ]);
    await expect(write).rejects.toThrow(LockedError);
    await expect(write).rejects.toThrow(new RegExp(`taken over by process ${process.pid}`));
    expect(suspended.lost.aborted).toBe(true);
    await expect(suspended.prepare([{ ...runs, name: "more" }])).rejects.toThrow(LockedError);
    await expect(suspended.replaceState(new Map())).rejects.toThrow(LockedError);
    expect(await fixture.texts("select id from runs")).toEqual(["a"]);
    expect((await successor.state()).get("runs")?.get("")).toEqual({ page: 1 });
    await suspended[Symbol.asyncDispose]();
    expect((await lock()).holder).not.toBeNull();
  });

  test("fences it off even if the lock was deleted and taken again before anything was written", async () => {
    const suspended = await fixture.session([runs]);
    await fixture.database.query("delete from _rivulet_state");
    const successor = await nextSession();
    const write = (session: Session): Promise<unknown> =>
      session.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await expect(write(suspended)).rejects.toThrow(LockedError);
    await suspended[Symbol.asyncDispose]();
    expect((await lock()).holder).not.toBeNull();
    await successor[Symbol.asyncDispose]();
    await expect(write(suspended)).rejects.toThrow(LockedError);
    expect(await fixture.texts("select id from runs")).toEqual([]);
  });

  test("tells a process that its lease was lost when it renews it", async () => {
    const destination = await fixture.open({ renewMs: 10 });
    await using session = await destination.lock(pipeline);
    await fixture.database.query("update _rivulet_state set epoch = 9 where stream = ''");
    await vi.waitFor(() => {
      expect(session.lost.aborted).toBe(true);
    });
    expect(session.lost.reason).toBeInstanceOf(LockedError);
  });

  test("is not the only protection: a checkpoint that another process changed is not overwritten", async () => {
    const session = await fixture.session([runs]);
    const batch = { stream: "runs", rows: [{ id: "a" }], partition: "p", checkpoint: { page: 1 } };
    await session.write([batch]);
    await fixture.database.query(
      `update _rivulet_state set checkpoint = '{"page":5}' where partition = 'p'`,
    );
    const write = session.write([{ ...batch, rows: [{ id: "b" }], checkpoint: { page: 2 } }]);
    await expect(write).rejects.toThrow(/the checkpoint of "runs" was changed by another process/);
    expect(await fixture.texts("select id from runs")).toEqual(["a"]);
    expect(
      await fixture.texts("select checkpoint from _rivulet_state where partition = 'p'"),
    ).toEqual(['{"page":5}']);
  });

  test("belongs to one identity: a sync of another one is refused until the state is reset", async () => {
    const first = await fixture.session([runs], { name: "test", identity: "workspace a" });
    await first.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await first[Symbol.asyncDispose]();
    const other = { name: "test", identity: "workspace b" };
    const refusal = fixture.session([runs], other);
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    await expect(refusal).rejects.toThrow(/a copy of workspace a, not of workspace b.*state reset/);
    const anybody = await fixture.session([], { name: "test" });
    await anybody.replaceState(new Map());
    await anybody[Symbol.asyncDispose]();
    const second = await fixture.session([runs], other);
    await second.write([{ stream: "runs", rows: [], checkpoint: { page: 1 } }]);
    expect((await lock()).identity).toBe("workspace b");
  });

  test("accepts another identity as long as the pipeline has written nothing", async () => {
    const typo = await fixture.session([runs], { name: "test", identity: "workspcae" });
    await typo.begin();
    const rejected = [{ key: "{}", payload: "", reason: "403" }];
    await typo.write([{ stream: "runs", rows: [], rejected }]);
    await typo[Symbol.asyncDispose]();
    const corrected = await fixture.session([runs], { name: "test", identity: "workspace" });
    await corrected.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await corrected[Symbol.asyncDispose]();
    await expect(fixture.session([runs], { name: "test", identity: "workspcae" })).rejects.toThrow(
      /a copy of workspace, not of workspcae/,
    );
  });

  test("keeps the identity when it is renewed and when another session takes it", async () => {
    const first = await fixture.session([runs]);
    await first.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await first[Symbol.asyncDispose]();
    const destination = await fixture.open({ renewMs: 10 });
    await using session = await destination.lock({ name: "test" });
    const before = (await lock()).holder?.until ?? Infinity;
    await vi.waitFor(async () => {
      expect((await lock()).holder?.until).toBeGreaterThan(before);
    });
    expect(session.lost.aborted).toBe(false);
    expect((await lock()).identity).toBe("here");
  });

  test("keeps a pipeline from using another's tables until that one's state is reset", async () => {
    const first = await fixture.session([runs]);
    await first.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    const second = await fixture.session([], { name: "other" });
    const refusal = second.prepare([{ ...runs, name: "fine" }, runs]);
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    await expect(refusal).rejects.toThrow(/table "runs" belongs to the pipeline "test"/);
    await first.replaceState(new Map());
    await second.prepare([runs]);
  });

  test("gives a table to the pipeline that writes to it first", async () => {
    const [first, second] = [
      await fixture.session([runs]),
      await fixture.session([runs], { name: "other" }),
    ];
    await second.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    await expect(first.write([{ stream: "runs", rows: [{ id: "b" }] }])).rejects.toThrow(
      /table "runs" belongs to the pipeline "other"/,
    );
    expect(await fixture.texts("select id from runs")).toEqual(["a"]);
    await first[Symbol.asyncDispose]();
    await expect(fixture.session([runs])).rejects.toBeInstanceOf(ConfigError);
  });
});
