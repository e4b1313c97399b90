import type { ListedRun } from "../reader/listed-run.ts";
import type { HistoryEnd } from "../reader/history-page.ts";
import type { HistoryPosition } from "../reader/history-position.ts";
import type { HistoryEntry } from "./history-entry.ts";

const hourMs = 3_600_000;

/** A short history may be completed for so long after the run's last change. */
const settlingMs = 24 * hourMs;

/** Two reads that find the same lines must be so far apart. */
const betweenReadsMs = 6 * hourMs;

/** A read that came to the end of a history. */
export interface FinishedRead {
  readonly end: Exclude<HistoryEnd, "vanished">;
  readonly position: HistoryPosition | undefined;
  /** Lines or values that could not be stored. */
  readonly rejected: number;
  /** The position before the first of them; undefined: the start. */
  readonly beforeRejected: HistoryPosition | undefined;
}

/** What a read makes known of a history. */
export interface HistoryOutcome {
  /** Undefined: it must be read as a whole before anything is known. */
  readonly entry: HistoryEntry | undefined;
  /** What is missing, in words. */
  readonly gap?: string;
}

/**
 * Judges a read of a history. It is complete if it has at least as many lines as the listing
 * counted before the read; forked runs have more.
 *
 * @param before - The run's entry from an earlier sync.
 * @param now - The service's clock, in milliseconds since 1970.
 */
export function judgeRead(
  run: ListedRun,
  read: FinishedRead,
  { before, now }: { readonly before: HistoryEntry | undefined; readonly now: number },
): HistoryOutcome {
  const { end, position, rejected, beforeRejected } = read;
  const lineCount = lineCountOf(run, end);
  const isShort = end.rows < lineCount;
  const seen = { activity: run.isSettling ? "" : run.activity, position };
  const missing = `${end.rows} of ${lineCount} lines`;
  if (run.isRunning) {
    if (!isShort && rejected === 0) return { entry: { ...seen, status: "live" } };
    // Its lines are asked for again, whether or not it changes.
    if (!isShort) return { entry: { status: "live", activity: "", position: beforeRejected } };
    const hasMoved = before?.status === "late" && before.position?.last !== position?.last;
    if (hasMoved && !end.isWhole) return { entry: undefined };
    return { entry: { ...seen, status: "late" }, gap: `${missing}; the run is still running` };
  }
  if (!isShort && rejected === 0) return { entry: { ...seen, status: "complete" } };
  if (!end.isWhole) return { entry: undefined };
  const { digest = "" } = end;
  const since = before?.short?.digest === digest ? before.short.since : now;
  const status = maySettle(run, since, now) ? "settled" : "short";
  const gap = isShort ? missing : `${rejected} values or lines could not be stored`;
  const activity = run.isSettling ? "" : run.fields;
  return { entry: { status, activity, position, short: { digest, since } }, gap };
}

/**
 * How many lines a read must have found: those of the listing; while the run is running, at least
 * as many as the last response counted, because new lines would make up for missing ones.
 */
export function lineCountOf(run: ListedRun, end: FinishedRead["end"]): number {
  return Math.max(run.lineCount ?? 0, run.isRunning ? (end.lineCount ?? 0) : 0);
}

/** Whether no more is to be expected if a read finds the same lines as one at `since`. */
export function maySettle({ lastChange }: ListedRun, since: number, now: number): boolean {
  const isOld = lastChange === undefined || now - lastChange >= settlingMs;
  return isOld && now - since >= betweenReadsMs;
}
