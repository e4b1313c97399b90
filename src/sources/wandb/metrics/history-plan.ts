import type { ListedRun } from "../reader/listed-run.ts";
import type { HistoryPosition } from "../reader/history-position.ts";
import type { HistoryEntry } from "./history-entry.ts";
import type { Step } from "../reader/line-step.ts";
import type { OpenHistory } from "./open-history.ts";

/** How to read a history in this sync. */
export interface HistoryPlan {
  /** Where to start; undefined: at the first step. */
  readonly position: HistoryPosition | undefined;
  /** Lines and values before the position that could not be stored. */
  readonly rejected?: number;
  /** Little may be spent on it: the last sync failed, or found lines missing. */
  readonly singleAttempt: boolean;
}

/** What is known of a run's history. */
interface KnownHistory {
  readonly entry: HistoryEntry | undefined;
  /** An interrupted or failed read. */
  readonly open: OpenHistory | undefined;
  /** The first step of which something is in quarantine. */
  readonly unstored: Step | undefined;
}

/** Whether a history must be looked at although its run is neither new nor active. */
export function mayChangeUnseen(entry: HistoryEntry | undefined): boolean {
  const isDone = entry?.status === "complete" || entry?.status === "settled";
  return !isDone || entry.activity === "";
}

/**
 * Decides how to read a run's history; undefined if it is unchanged. The lines of a running run are
 * read from the last step on. Once it has ended, they are read as a whole, because rows may have
 * been replaced meanwhile, and nothing shows that. So are those of a run of which something is in
 * quarantine, unless the position is before it.
 */
export function planHistory(
  run: ListedRun,
  { entry, open, unstored }: KnownHistory,
): HistoryPlan | undefined {
  if (open) {
    const goesOn = run.isRunning || open.activity === run.activity;
    const singleAttempt = open.failed;
    if (!goesOn || !open.position) return { position: undefined, singleAttempt };
    return { position: open.position, rejected: open.rejected, singleAttempt };
  }
  if (!entry) return { position: undefined, singleAttempt: false };
  const isChanged = entry.activity !== (entry.short ? run.fields : run.activity);
  const lacksLines = entry.status === "short" || entry.status === "late";
  if (!isChanged && !lacksLines && unstored === undefined) return undefined;
  const goesOn = isChanged && run.isRunning && isBefore(entry.position, unstored);
  return { position: goesOn ? entry.position : undefined, singleAttempt: !isChanged };
}

function isBefore(position: HistoryPosition | undefined, step: Step | undefined): boolean {
  return step === undefined || (position !== undefined && BigInt(position.last) < step);
}
