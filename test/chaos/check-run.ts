import { expect } from "vitest";
import { z } from "zod";
import type { EndedProgram } from "../support/program.ts";
import type { ChaosRun } from "./chaos-run.ts";
import { changesBetween, type DatabaseSnapshot, type SyncRow } from "./database-snapshot.ts";
import { outcomeOf, type Disturbance, type Outcome } from "./disturbance.ts";

/** A run that has ended, with the database before and after it. */
interface FinishedRun {
  readonly ended: EndedProgram;
  readonly disturbance: Pick<Disturbance, "outcomes">;
  readonly run: ChaosRun;
  readonly before: DatabaseSnapshot;
  readonly after: DatabaseSnapshot;
  /** Whether rows of what was deleted may still be there, because time must pass first. */
  readonly mayKeepDeleted?: boolean;
}

/**
 * Fails if a run's exit status, log, row in `_rivulet_sync` or checkpoints do not match what is in
 * the database.
 */
export function checkRun(finished: FinishedRun): void {
  const outcome = outcomeOf(finished.ended);
  checkOutcome(outcome, finished);
  checkOutput(finished);
  checkCheckpoints(finished);
  if (!finished.run.tampered) checkRecord(outcome, finished);
  if (!claimsCompleteness(outcome, finished)) return;
  const { run, before, after, mayKeepDeleted = run.service.settle !== undefined } = finished;
  for (const [table, keys] of Object.entries(run.service.storableKeys())) {
    const kept = mayKeepDeleted ? (before.liveKeys[table] ?? []) : [];
    const expected = new Set([
      ...keys,
      ...kept.filter((key) => after.liveKeys[table]?.includes(key)),
    ]);
    expect(after.liveKeys[table]?.toSorted(), `${table}, as in the service`).toEqual(
      [...expected].sort(),
    );
  }
}

function checkOutcome(outcome: Outcome, { ended, disturbance, run, after }: FinishedRun): void {
  const outcomes = run.happened === false ? (["completed"] as const) : disturbance.outcomes;
  const mayBePartial = run.isServiceChanging || run.service.unstorableCount() > 0;
  const isPartialAllowed = outcome === "partial" && outcomes.includes("completed") && mayBePartial;
  if (!isPartialAllowed) expect(outcomes, ended.stderr).toContain(outcome);
  if (outcome === "completed") expect(after.quarantined, "entries in quarantine").toBe(0);
  if (outcome === "partial") expect(after.quarantined, "entries in quarantine").not.toBe(0);
}

function checkOutput({ ended: { stdout, stderr }, run }: FinishedRun): void {
  expect(stderr).not.toMatch(/this is a bug in rivulet|UnhandledPromise|node:internal/);
  expect(stdout + stderr).not.toContain(run.service.secret);
}

/**
 * No checkpoint may be ahead of its rows, except for a table that somebody dropped, in this run or
 * an earlier one, and that has not been created again yet.
 */
function checkCheckpoints({ before, after, run }: FinishedRun): void {
  const readBefore = run.service.keysReadBy(before.checkpoints);
  for (const [table, keys] of Object.entries(run.service.keysReadBy(after.checkpoints))) {
    const wasDropped = !before.rows[table] && (readBefore[table] ?? []).length > 0;
    if (!after.rows[table] && (run.tampered || wasDropped)) continue;
    const live = new Set(after.liveKeys[table]);
    const missing = keys.filter((key) => !live.has(key));
    expect(missing, `${table}: rows that a checkpoint claims but that are missing`).toEqual([]);
  }
}

/**
 * The status of a sync's row for each outcome: first the one that is written normally. If it could
 * not be written, it stays `running`, or there is no row.
 */
const recordedStatuses: Readonly<Record<Outcome, readonly (SyncRow["status"] | undefined)[]>> = {
  completed: ["completed"],
  partial: ["partial"],
  failed: ["failed", "running", undefined],
  "config error": ["failed", "running", undefined],
  interrupted: ["interrupted", "running", undefined],
  locked: ["failed", "running", undefined],
  killed: ["running", undefined, "completed", "partial", "failed"],
};

function checkRecord(outcome: Outcome, finished: FinishedRun): void {
  const { ended, run, before, after } = finished;
  const earlierIds = new Set(before.syncs.map(({ id }) => id));
  const added = after.syncs.filter(({ id }) => !earlierIds.has(id));
  expect(added.length).toBeLessThan(2);
  const [record] = added;
  const [normalStatus] = recordedStatuses[outcome];
  expect(
    run.mustRecordEnd ? [normalStatus] : recordedStatuses[outcome],
    `a row of _rivulet_sync: ${record?.error ?? ""}`,
  ).toContain(record?.status);
  if (!record || record.status === "running") return;
  expect(record.ended_at).not.toBeNull();
  for (const [table, counts] of Object.entries(record.rows)) {
    const changes = changesBetween(before.rows[table], after.rows[table]);
    expect(counts, `${table}: recorded counts`).toMatchObject(
      run.isServiceChanging ? { inserted: changes.inserted } : changes,
    );
    const seen = counts.inserted + counts.updated + counts.unchanged;
    if (!run.fullRefresh || !claimsCompleteness(outcome, finished)) continue;
    const live = run.service.storableKeys()[table]?.length ?? 0;
    expect(seen, `${table}: rows that it saw`).toBeGreaterThanOrEqual(live);
    // After a false response, a listing is read again from its start, and rows are seen twice.
    if (!run.proxy.fault) expect(seen, `${table}: rows that it saw`).toBe(live);
  }
  checkLog(ended, record);
}

const logLine = z.looseObject({
  message: z.string(),
  status: z.string().optional(),
  stream: z.string().optional(),
});

/** The log must agree with the row of `_rivulet_sync`. */
function checkLog({ stderr }: EndedProgram, { status, rows }: SyncRow): void {
  const texts = stderr.split("\n").filter((text) => text.startsWith("{"));
  for (const { message, stream, ...fields } of texts.map((text) =>
    logLine.parse(JSON.parse(text)),
  )) {
    if (/^sync (?:completed|partial|failed)$/.test(message)) expect(fields.status).toBe(status);
    if (stream !== undefined && /^stream /.test(message))
      expect(fields).toMatchObject(rows[stream] ?? {});
  }
}

/** Whether the run claims that the tables hold everything. */
function claimsCompleteness(outcome: Outcome, { run, disturbance }: FinishedRun): boolean {
  if (run.isServiceChanging) return false;
  return (
    outcome === "completed" || (outcome === "partial" && !disturbance.outcomes.includes("partial"))
  );
}
