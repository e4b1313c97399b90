import type { EndedProgram } from "../../support/program.ts";
import type { ChaosRun } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";
import { isLocked } from "../lease.ts";
import type { PostgresStorage } from "../storage.ts";
import { waitForStatement } from "../wait-for-statement.ts";

/** A standby that takes over although it lacks what was committed last. */
export const failoverDisturbances: readonly Disturbance<PostgresStorage>[] = [
  {
    name: "a failover to an older copy",
    // If nothing was committed after the copy, nothing is missing.
    outcomes: ["locked", "completed"],
    disturb: failOver,
  },
];

async function failOver(run: ChaosRun<PostgresStorage>): Promise<EndedProgram> {
  const { storage, random } = run;
  const running = run.start();
  const waitForCommit = (times: number): Promise<void> =>
    waitForStatement(storage, { text: "commit\0", times }, running);
  // Before the second commit, the lock is taken.
  await waitForCommit(random.between(2, 6));
  await storage.server.copy();
  await waitForCommit(random.between(1, 4));
  run.happened = false;
  // Suspended, it cannot end before the copy is in place.
  running.child.kill("SIGSTOP");
  if (running.child.exitCode === null && (await isLocked(storage))) {
    run.happened = true;
    // The rows that it has counted are not all there any more.
    run.tampered = true;
    await storage.server.failOver();
  }
  running.child.kill("SIGCONT");
  return await running.ended;
}
