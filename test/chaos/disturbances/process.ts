import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { contents } from "../../support/contents.ts";
import { pidNamespace, pidNamespaceObstacle } from "../../support/pid-namespace.ts";
import type { EndedProgram, RunningProgram } from "../../support/program.ts";
import { silence } from "../../support/faults.ts";
import type { ChaosRun } from "../chaos-run.ts";
import { outcomeOf, type Disturbance } from "../disturbance.ts";
import { expireLease, isInTransaction } from "../lease.ts";
import { waitForCommit } from "../wait-for-statement.ts";

/** Signals, overlapping starts and closed outputs. */
export const processDisturbances: readonly Disturbance[] = [
  {
    name: "SIGKILL after a page",
    outcomes: ["killed", "completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      return await kill(running);
    },
  },
  {
    name: "SIGKILL a moment after a page",
    outcomes: ["killed", "completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      await Promise.race([wait(run.random.between(0, 400)), running.ended]);
      return await kill(running);
    },
  },
  {
    name: "SIGKILL around a commit",
    outcomes: ["killed", "completed"],
    async disturb(run) {
      const running = run.start();
      await waitForCommit(run, running);
      if (run.random.oneIn(2)) await wait(run.random.between(0, 3));
      return await kill(running);
    },
  },
  {
    name: "SIGSTOP past the lease, another process takes over, SIGCONT",
    outcomes: ["completed", "locked"],
    disturb: suspendPastLease,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((signal) => ({
    name: `${signal} ends it within five seconds`,
    outcomes: ["interrupted", "completed"] as const,
    async disturb(run: ChaosRun) {
      run.mustRecordEnd = true;
      const running = run.start();
      await run.waitForResponses(running);
      return await interrupt(running, signal);
    },
  })),
  {
    name: "SIGTERM while the service does not respond",
    outcomes: ["interrupted", "completed"],
    async disturb(run) {
      const from = run.proxy.responseCount + run.random.smallCount();
      run.proxy.fault = ({ index }) => (index >= from ? silence : undefined);
      const running = run.start();
      await run.waitUntil(running, () => run.proxy.responseCount > from);
      return await interrupt(running, "SIGTERM");
    },
  },
  {
    name: "a second SIGINT ends it at once",
    outcomes: ["interrupted", "completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      running.child.kill("SIGINT");
      await Promise.race([wait(run.random.between(0, 20)), running.ended]);
      return await interrupt(running, "SIGINT");
    },
  },
  {
    name: "two syncs at once",
    outcomes: ["completed"],
    async disturb(run) {
      run.tampered = true;
      const first = run.start();
      await run.waitForResponses(first);
      const second = await run.startAndWait();
      expect(["locked", "completed", "partial"], second.stderr).toContain(outcomeOf(second));
      if (second.status === 75) expect(second.stderr).toMatch(/locked by process \d+/);
      return await first.ended;
    },
  },
  {
    name: "two syncs in PID namespaces with one host name",
    outcomes: ["completed"],
    obstacle: pidNamespaceObstacle,
    disturb: syncInTwoNamespaces,
  },
  {
    name: "a closed standard output",
    outcomes: ["completed"],
    disturb: (run) => run.startAndWait({ closed: "stdout" }),
  },
  {
    name: "a closed standard error",
    outcomes: ["completed"],
    disturb: (run) => run.startAndWait({ closed: "stderr" }),
  },
];

/** In its namespace, each of them is process 1. */
async function syncInTwoNamespaces(run: ChaosRun): Promise<EndedProgram> {
  run.tampered = true;
  const first = run.start({ under: pidNamespace });
  await run.waitForResponses(first);
  const second = await run.startAndWait({ under: pidNamespace });
  expect(["locked", "completed", "partial"], second.stderr).toContain(outcomeOf(second));
  run.happened = second.status === 75;
  return await first.ended;
}

async function kill({ child, ended }: RunningProgram): Promise<EndedProgram> {
  child.kill("SIGKILL");
  return await ended;
}

/** Sends a signal, and fails if the program takes longer than the promised five seconds to end. */
export async function interrupt(
  { child, ended }: RunningProgram,
  signal: "SIGINT" | "SIGTERM",
): Promise<EndedProgram> {
  const sentAt = performance.now();
  child.kill(signal);
  const end = await ended;
  expect(performance.now() - sentAt).toBeLessThan(5000);
  return end;
}

async function suspendPastLease(run: ChaosRun): Promise<EndedProgram> {
  const suspended = run.start();
  for (let tries = 0; tries < 5; tries += 1) {
    await run.waitForResponses(suspended);
    suspended.child.kill("SIGSTOP");
    if (!(await isInTransaction(run.storage)) && (await expireLease(run.storage))) break;
    suspended.child.kill("SIGCONT");
  }
  run.tampered = true;
  // What the suspended process has read is out of date now.
  run.changeService();
  const other = await run.startAndWait();
  const before = await contents(run.storage);
  suspended.child.kill("SIGCONT");
  const resumed = await suspended.ended;
  expect(["locked", "completed", "partial"], resumed.stderr).toContain(outcomeOf(resumed));
  expect(await contents(run.storage), "the tables after it resumed").toEqual(before);
  return other;
}
