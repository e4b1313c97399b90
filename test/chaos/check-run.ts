import { expect } from "vitest";
import { z } from "zod";
import type { EndedProgram } from "../support/program.ts";
import type { Bout } from "./chaos-run.ts";
import { outcomeOf, type Disturbance, type Outcome } from "./disturbance.ts";
import { changesBetween, type Ledger, type SyncRow } from "./database-snapshot.ts";

export interface Told {
  readonly ended: EndedProgram;
  readonly disturbance: Pick<Disturbance, "outcomes">;
  readonly bout: Bout;
  /** What the database said before the run, and after it. */
  readonly before: Ledger;
  readonly after: Ledger;
}

/** Fails where a run did not tell the truth: by its exit status, its log, its row in `_rivulet_sync`, or a checkpoint. */
export function checkTruth(told: Told): void {
  const outcome = outcomeOf(told.ended);
  checkOutcome(outcome, told);
  checkOutput(told);
  checkCheckpoints(told);
  if (!told.bout.tampered) checkRecord(outcome, told);
  if (!isWhole(outcome, told)) return;
  for (const [table, keys] of Object.entries(told.bout.service.held())) {
    expect(told.after.standing[table]?.toSorted(), `${table}, as the service holds it`).toEqual(
      keys.toSorted(),
    );
  }
}

function checkOutcome(outcome: Outcome, { ended, disturbance, bout, after }: Told): void {
  const outcomes = bout.happened === false ? (["completed"] as const) : disturbance.outcomes;
  const mayBePartial = bout.restless || bout.service.unstorable() > 0;
  const isUsual = outcome === "partial" && outcomes.includes("completed") && mayBePartial;
  if (!isUsual) expect(outcomes, ended.stderr).toContain(outcome);
  if (outcome === "completed") expect(after.quarantined, "entries in quarantine").toBe(0);
  if (outcome === "partial") expect(after.quarantined, "entries in quarantine").not.toBe(0);
}

function checkOutput({ ended: { stdout, stderr }, bout }: Told): void {
  expect(stderr).not.toMatch(/this is a bug in rivulet|UnhandledPromise|node:internal/);
  expect(stdout + stderr).not.toContain(bout.service.secret);
}

/** No checkpoint may be ahead of its rows, but where somebody has dropped the table, in this run or before, and it is not there again yet. */
function checkCheckpoints({ before, after, bout }: Told): void {
  const earlier = bout.service.earned(before.checkpoints);
  for (const [table, keys] of Object.entries(bout.service.earned(after.checkpoints))) {
    const wasDropped = !before.rows[table] && (earlier[table] ?? []).length > 0;
    if (!after.rows[table] && (bout.tampered || wasDropped)) continue;
    const standing = new Set(after.standing[table]);
    const missing = keys.filter((key) => !standing.has(key));
    expect(missing, `${table}: rows that a checkpoint says are there`).toEqual([]);
  }
}

/** What the row of a sync says once it has ended so; where the row could not be written, it says that the sync runs, or is not there. */
const records: Readonly<Record<Outcome, readonly (SyncRow["status"] | undefined)[]>> = {
  completed: ["completed"],
  partial: ["partial"],
  failed: ["failed", "running", undefined],
  "must change": ["failed", "running", undefined],
  interrupted: ["interrupted", "running", undefined],
  locked: ["failed", "running", undefined],
  killed: ["running", undefined, "completed", "partial", "failed"],
};

function checkRecord(outcome: Outcome, told: Told): void {
  const { ended, bout, before, after } = told;
  const known = new Set(before.syncs.map(({ id }) => id));
  const added = after.syncs.filter(({ id }) => !known.has(id));
  expect(added.length).toBeLessThan(2);
  const [record] = added;
  const [written] = records[outcome];
  expect(
    bout.records ? [written] : records[outcome],
    `a row of _rivulet_sync: ${record?.error ?? ""}`,
  ).toContain(record?.status);
  if (!record || record.status === "running") return;
  expect(record.ended_at).not.toBeNull();
  for (const [table, counts] of Object.entries(record.rows)) {
    const changes = changesBetween(before.rows[table], after.rows[table]);
    expect(counts, `${table}: what it says it wrote`).toMatchObject(
      bout.restless ? { inserted: changes.inserted } : changes,
    );
    const seen = counts.inserted + counts.updated + counts.unchanged;
    if (!bout.fullRefresh || !isWhole(outcome, told)) continue;
    const standing = after.standing[table]?.length ?? 0;
    expect(seen, `${table}: rows that it saw`).toBeGreaterThanOrEqual(standing);
    // What a false answer has ended too early is read again from its start.
    if (!bout.proxy.fault) expect(seen, `${table}: rows that it saw`).toBe(standing);
  }
  checkLog(ended, record);
}

const line = z.looseObject({
  message: z.string(),
  status: z.string().optional(),
  stream: z.string().optional(),
});

/** The log and the row say the same. */
function checkLog({ stderr }: EndedProgram, { status, rows }: SyncRow): void {
  const lines = stderr.split("\n").filter((text) => text.startsWith("{"));
  for (const { message, stream, ...said } of lines.map((text) => line.parse(JSON.parse(text)))) {
    if (/^sync (?:completed|partial|failed)$/.test(message)) expect(said.status).toBe(status);
    if (stream !== undefined && /^stream /.test(message))
      expect(said).toMatchObject(rows[stream] ?? {});
  }
}

/** Whether the run claims that everything is there. */
function isWhole(outcome: Outcome, { bout, disturbance }: Told): boolean {
  if (bout.restless) return false;
  return (
    outcome === "completed" || (outcome === "partial" && !disturbance.outcomes.includes("partial"))
  );
}
