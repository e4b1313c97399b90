import type { Checkpoint } from "../../../core/source.ts";
import type { DeletionBaseline, RunCreation } from "./deletion-baseline.ts";

/** A page of runs. */
export interface RunPage {
  /** Each run as JSON text, exactly as the service sent it. */
  readonly rows: readonly string[];
  readonly bytes: number;
  /** The number of the page in its listing, from 1. */
  readonly number: number;
  /** How many runs the listing will return in all, if the service says so. */
  readonly total?: number;
}

/** What is needed of a run to decide whether to read its history. */
export interface ListedRun extends RunCreation {
  /**
   * The cursor value: its latest heartbeat (over REST, its last update), as fixed-width UTC text.
   * Undefined if it has none.
   */
  readonly lastSeen: string | undefined;
  /** How many lines its history has, if the service says so. */
  readonly lineCount: number | undefined;
}

/** How many runs a project has, all counted at the same moment. */
export interface RunCounts {
  readonly total: number;
  /** Runs without a cursor value; only a listing of all runs returns them. */
  readonly undated: number;
  /** Runs created before the instant of the baseline. */
  readonly below: number;
  /** How many of the newest runs in the baseline still exist. */
  readonly remaining: number;
  /** The baseline for the next sync; undefined if none can be derived. */
  readonly nextBaseline: DeletionBaseline | undefined;
}

/** A page of a run's history. */
export interface HistoryPage {
  /** Each a JSON object exactly as the service sent it, in the order of the steps. */
  readonly lines: readonly string[];
  readonly bytes: number;
  /**
   * The steps that the page contains completely, `from` inclusive, `below` exclusive. Any other row
   * of these steps was deleted.
   */
  readonly completeSteps?: { readonly from?: number; readonly below?: number };
  /** Where to resume after this page; undefined: at the start. */
  readonly resume: Checkpoint | undefined;
  /** Only with the last page. */
  readonly end?: HistoryEnd;
}

/** How a history ended: `vanished` if the run was deleted. */
export type HistoryEnd =
  | "vanished"
  | {
      /** Lines of the whole history, including those read by earlier syncs. */
      readonly linesRead: number;
      /** How many lines there are according to the service. */
      readonly lineCount: number | undefined;
      readonly isRunning: boolean;
      /** The cursor value of the run when reading began. */
      readonly lastSeen: string | undefined;
    };

/** Where to start in a history. */
export interface HistoryOptions {
  /** The `resume` of the last page that an earlier sync saved. */
  readonly resume: Checkpoint | undefined;
}

/** Reads one project through one of the service's APIs. */
export interface ProjectReader {
  /** The member of a run that holds its id. In GraphQL, that is `name`; `id` is internal. */
  readonly idMember: "name" | "id";
  /** The cursor: the column that tells what is new. */
  readonly cursor: "heartbeat_at" | "updated_at";
  /** Whether `readRuns` returns the cursor's values in ascending order. */
  readonly order: "ascending" | "any";
  /** How many histories to read at the same time. */
  readonly concurrentRuns: number;
  /** Counts the runs, also those of an earlier baseline. Requested once per sync. */
  countRuns(baseline: DeletionBaseline | undefined): Promise<RunCounts>;
  /**
   * Reads runs whose cursor value is this instant or later; undefined: all runs, in any order,
   * including those without a cursor value.
   */
  readRuns(since: string | undefined): AsyncIterable<RunPage>;
  /** Like `readRuns`, in ascending order, and without the fields that only rows need. */
  listRuns(since: string | undefined): AsyncIterable<ListedRun>;
  /** The ids of all runs; undefined if the list may be incomplete. Requested once per sync. */
  listRunIds(): Promise<ReadonlySet<string> | undefined>;
  /** Reads a run's history, page by page. */
  readHistory(
    run: Pick<ListedRun, "id" | "lineCount">,
    options: HistoryOptions,
  ): AsyncIterable<HistoryPage>;
}
