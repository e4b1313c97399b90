import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { failing } from "../../support/faults.ts";
import { type Copy, useCopy } from "./copy.ts";

/** Runs that the service cannot return, and a service that returns nothing. */

let copy: Copy;
useCopy(newSqlite, (started) => {
  copy = started;
});

const isHistory = (body: string): boolean => body.includes("query History");

test("a run that fails whole requests does not affect the others", async () => {
  copy.addRuns(40, 2);
  copy.faults.brokenHistory = { run: "r3", status: 500 };
  const { exit, metrics } = await copy.sync({ retry_attempts: 0 });
  expect([exit, metrics.inserted]).toEqual([3, 39 * 4]);
});

test.each([undefined, 500, 502])(
  "a single run that always fails (%s) ends each sync with 3, at the cost of few requests",
  async (status) => {
    copy.addRuns(4, 2);
    await copy.sync();
    copy.project.addRun({ name: "poisoned" }).log({ loss: 1 });
    const fault = status === undefined ? {} : { status };
    copy.faults.brokenHistory = { run: "poisoned", ...fault };
    await copy.sync({ retry_attempts: 0 });
    for (let syncs = 0; syncs < 2; syncs += 1) {
      const { exit, histories } = await copy.sync();
      expect([exit, histories.length <= 8]).toEqual([3, true]);
    }
    const reason = status === 502 ? /502/ : /failed to read the history of poisoned|500/;
    expect(await copy.quarantine()).toEqual([
      { payload: "poisoned", reason: expect.stringMatching(reason) as string, settled: false },
    ]);
  },
);

test("three failing runs end the sync with 3, not with 1, even if nothing else was to be done", async () => {
  copy.addRuns(12, 2);
  copy.intercepted = (body) =>
    isHistory(body) && /"r[012]"/.test(body) ? failing(500) : undefined;
  await copy.sync({ retry_attempts: 0 });
  expect((await copy.sync({ retry_attempts: 0 })).exit).toBe(3);
  expect(await copy.quarantine()).toHaveLength(3);
});

test("a server that fails on every history ends the sync with 1", async () => {
  copy.addRuns(6, 2);
  copy.intercepted = (body) => (isHistory(body) ? failing(500) : undefined);
  const { exit, error, runs } = await copy.sync({ retry_attempts: 0 });
  expect([exit, error]).toEqual([1, expect.stringMatching(/^metrics: /)]);
  expect(runs.inserted).toBe(6);
});

test.each(["rejects everything", "goes down"] as const)(
  "a service that %s ends the sync with 1, and no run is quarantined for it",
  async (how) => {
    copy.addRuns(90, 2);
    let requests = 0;
    copy.intercepted = (body) => {
      requests += Number(isHistory(body));
      if (requests <= 2) return undefined;
      if (how === "rejects everything") return failing(429);
      return async () => {
        await copy.wandb[Symbol.asyncDispose]();
      };
    };
    const { exit, error } = await copy.sync({ retry_attempts: 1 });
    expect([exit, error]).toEqual([1, expect.stringMatching(/429|could not connect/)]);
    expect(await copy.quarantine()).toEqual([]);
    // Each run that waits does not find it out again.
    expect(requests).toBeLessThan(150);
  },
);

test("a service that asks to wait for a day is not asked about run after run", async () => {
  copy.addRuns(90, 2);
  let requests = 0;
  copy.intercepted = (body) => {
    const isOfSeveral = /query History.*\br1: /.test(body);
    requests += Number(isOfSeveral);
    return isOfSeveral && requests === 1 ? failing(429, { "retry-after": "86400" }) : undefined;
  };
  const { exit, error } = await copy.sync();
  expect([exit, error]).toEqual([1, expect.stringMatching(/asks to wait .*; try again after/)]);
  expect((await copy.sync()).exit).toBe(0);
});
