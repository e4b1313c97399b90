import type { HistoryPosition } from "../reader/history-position.ts";

/**
 * What is known of a history that was read to its end.
 *
 * - `live`: the run was running, so its rows may still be replaced.
 * - `late`: the same, and lines were missing: a second writer may be behind.
 * - `complete`: the run had ended, and all of its lines were read.
 * - `short`: it had ended, and lines were missing, or could not be stored; tried again each sync.
 * - `settled`: the same for so long that no more is expected.
 */
export type HistoryStatus = "live" | "late" | "complete" | "short" | "settled";

/** A run's entry in the ledger of the stream `metrics`. */
export interface HistoryEntry {
  readonly status: HistoryStatus;
  /**
   * The run's `activity` in the listing before the history was read, or its `fields` if the history
   * was short: then any change is a reason to try again. Empty: read once more.
   */
  readonly activity: string;
  readonly position: HistoryPosition | undefined;
  /** Of a short history: what was read, and since when a read finds the same lines. */
  readonly short?: ShortHistory;
}

/** A history with missing lines. */
export interface ShortHistory {
  /** A digest of all its lines. */
  readonly digest: string;
  /** By the service's clock, in milliseconds since 1970. */
  readonly since: number;
}

const letters: Readonly<Record<HistoryStatus, string>> = {
  ...{ live: "l", late: "w", complete: "c", short: "s", settled: "x" },
};

/** An entry as a short text: status and activity, position, short history. */
export function formatEntry({ status, activity, position, short }: HistoryEntry): string {
  const { last, rows, tail } = position ?? { last: "", rows: "", tail: "" };
  const fields = [letters[status] + activity, last, rows, tail];
  if (short) fields.push(short.digest, short.since);
  return fields.join(" ");
}

/** The entry in a text; undefined if another version wrote it. */
export function parseEntry(text: string | undefined): HistoryEntry | undefined {
  if (text === undefined) return undefined;
  const [head = "", last = "", rows, tail = "", digest, since] = text.split(" ");
  const status = statuses.find((name) => letters[name] === head[0]);
  if (!status) return undefined;
  return {
    status,
    activity: head.slice(1),
    position: last === "" ? undefined : { last: toLast(last), rows: Number(rows), tail },
    ...(digest === undefined ? {} : { short: { digest, since: Number(since) } }),
  };
}

const statuses = Object.keys(letters) as readonly HistoryStatus[];

/** Steps that a number would round stay text. */
function toLast(text: string): number | string {
  const step = Number(text);
  return Number.isSafeInteger(step) ? step : text;
}
