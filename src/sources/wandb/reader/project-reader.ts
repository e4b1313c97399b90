import type { Checkpoint } from "../../../core/source.ts";
import type { RunCreation, DeletionBaseline } from "./deletion-baseline.ts";

/** Some runs, as the service spelled them. */
export interface RunPage {
  readonly rows: readonly string[];
  readonly bytes: number;
  /** Counts the pages of this walk, from 1. */
  readonly number: number;
  /** How many runs the walk will show in all, where the service says so. */
  readonly total?: number;
}

/** What has to be known of a run to decide whether its history is read. */
export interface ListedRun extends RunCreation {
  /** Its cursor: the last sign of life, as fixed-width UTC text. Undefined where it never gave one. */
  readonly lastSeen: string | undefined;
  /** How many lines its history has, where the service says so. */
  readonly lineCount: number | undefined;
}

/** How many runs a project has, asked in one moment. */
export interface RunCounts {
  readonly total: number;
  /** Runs without a cursor: only a listing of everything shows them. */
  readonly undated: number;
  /** Runs that were created before the landmark's instant. */
  readonly below: number;
  /** How many of the runs that the landmark names there still are. */
  readonly remaining: number;
  /** What the next census asks about; undefined where it has nothing to go by. */
  readonly nextBaseline: DeletionBaseline | undefined;
}

/** Lines of a run's history. */
export interface HistoryPage {
  /** Each a JSON object, in the order of the steps, as the service spelled it. */
  readonly lines: readonly string[];
  readonly bytes: number;
  /** The steps of which the page has all lines, the first included, the last not; what else is known of them is gone. */
  readonly completeSteps?: { readonly from?: number; readonly below?: number };
  /** From where an interrupted reader goes on after this page; undefined where it starts again. */
  readonly resume: Checkpoint | undefined;
  /** With the last page: what the walk found. */
  readonly end?: HistoryEnd;
}

export type HistoryEnd =
  | "vanished"
  | {
      /** Lines of the whole history, those of earlier walks included. */
      readonly read: number;
      /** What the service says how many there are. */
      readonly lines: number | undefined;
      readonly running: boolean;
      /** The run's cursor at the beginning of the walk. */
      readonly seen: string | undefined;
    };

export interface HistoryOptions {
  /** What a page of an earlier walk said. */
  readonly resume: Checkpoint | undefined;
}

/** One project, read through one of the service's APIs. */
export interface ProjectReader {
  /** The member of a run by which it is known: in GraphQL that is its `name`. */
  readonly idMember: "name" | "id";
  /** The column that tells what is new, and whether `runs` shows its values in ascending order. */
  readonly cursor: "heartbeat_at" | "updated_at";
  readonly order: "ascending" | "any";
  /** How many histories to read at the same time. */
  readonly concurrentRuns: number;
  /** Counts the runs; the same answer all through a sync. */
  countRuns(landmark: DeletionBaseline | undefined): Promise<RunCounts>;
  /** Runs whose cursor is this instant or later; undefined: all, also those without a cursor, in any order. */
  readRuns(since: string | undefined): AsyncIterable<RunPage>;
  /** The same as `runs`, in ascending order, and without what rows are made of. */
  listRuns(since: string | undefined): AsyncIterable<ListedRun>;
  /** The ids of all runs; undefined where the list is not known to be complete. The same answer all through a sync. */
  listRunIds(): Promise<ReadonlySet<string> | undefined>;
  readHistory(
    run: Pick<ListedRun, "id" | "lineCount">,
    options: HistoryOptions,
  ): AsyncIterable<HistoryPage>;
}
