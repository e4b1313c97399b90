import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { contents } from "../../support/contents.ts";
import type { EndedProgram, RunningProgram } from "../../support/program.ts";
import { silence } from "../../support/faults.ts";
import type { Bout } from "../chaos-run.ts";
import { outcomeOf, type Disturbance } from "../disturbance.ts";
import { expireLease, isInTransaction } from "../lease.ts";
import { someCommit } from "../wait-for-statement.ts";

/** What an operating system, an operator and cron do to a process. */
export const processDisturbances: readonly Disturbance[] = [
  {
    name: "SIGKILL after a page",
    outcomes: ["killed", "completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      return await killed(running);
    },
  },
  {
    name: "SIGKILL a moment after a page",
    outcomes: ["killed", "completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      await Promise.race([wait(bout.random.between(0, 400)), running.ended]);
      return await killed(running);
    },
  },
  {
    name: "SIGKILL around a commit",
    outcomes: ["killed", "completed"],
    async disturb(bout) {
      const running = bout.start();
      await someCommit(bout, running);
      if (bout.random.oneIn(2)) await wait(bout.random.between(0, 3));
      return await killed(running);
    },
  },
  {
    name: "SIGSTOP past the lease, another process takes over, SIGCONT",
    outcomes: ["completed", "locked"],
    disturb: suspended,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((signal) => ({
    name: `${signal} ends it within five seconds`,
    outcomes: ["interrupted", "completed"] as const,
    async disturb(bout: Bout) {
      bout.records = true;
      const running = bout.start();
      await bout.answers(running);
      return await interrupted(running, signal);
    },
  })),
  {
    name: "SIGTERM while the service is silent",
    outcomes: ["interrupted", "completed"],
    async disturb(bout) {
      const from = bout.proxy.answers + bout.random.smallCount();
      bout.proxy.fault = ({ number }) => (number >= from ? silence : undefined);
      const running = bout.start();
      await bout.until(running, () => bout.proxy.answers > from);
      return await interrupted(running, "SIGTERM");
    },
  },
  {
    name: "a second SIGINT ends it at once",
    outcomes: ["interrupted", "completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      running.child.kill("SIGINT");
      await Promise.race([wait(bout.random.between(0, 20)), running.ended]);
      return await interrupted(running, "SIGINT");
    },
  },
  {
    name: "two at once",
    outcomes: ["completed"],
    async disturb(bout) {
      bout.tampered = true;
      const first = bout.start();
      await bout.answers(first);
      const second = await bout.run();
      expect(["locked", "completed", "partial"], second.stderr).toContain(outcomeOf(second));
      if (second.status === 75) expect(second.stderr).toMatch(/locked by process \d+/);
      return await first.ended;
    },
  },
  {
    name: "a closed standard output",
    outcomes: ["completed"],
    disturb: (bout) => bout.run({ closed: "stdout" }),
  },
  {
    name: "a closed standard error",
    outcomes: ["completed"],
    disturb: (bout) => bout.run({ closed: "stderr" }),
  },
];

async function killed({ child, ended }: RunningProgram): Promise<EndedProgram> {
  child.kill("SIGKILL");
  return await ended;
}

/** The promise of five seconds is the one thing that is measured by the clock. */
export async function interrupted(
  { child, ended }: RunningProgram,
  signal: "SIGINT" | "SIGTERM",
): Promise<EndedProgram> {
  const at = performance.now();
  child.kill(signal);
  const end = await ended;
  expect(performance.now() - at).toBeLessThan(5000);
  return end;
}

async function suspended(bout: Bout): Promise<EndedProgram> {
  const sleeper = bout.start();
  for (let tries = 0; tries < 5; tries += 1) {
    await bout.answers(sleeper);
    sleeper.child.kill("SIGSTOP");
    if (!(await isInTransaction(bout.storage)) && (await expireLease(bout.storage))) break;
    sleeper.child.kill("SIGCONT");
  }
  bout.tampered = true;
  // What the sleeper has read is old now.
  bout.change();
  const other = await bout.run();
  const before = await contents(bout.storage);
  sleeper.child.kill("SIGCONT");
  const woken = await sleeper.ended;
  expect(["locked", "completed", "partial"], woken.stderr).toContain(outcomeOf(woken));
  expect(await contents(bout.storage), "the tables, after it woke up").toEqual(before);
  return other;
}
