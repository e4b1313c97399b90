import type { Listing } from "../../../engine/listing/list-items.ts";
import type { SavedList } from "../../../engine/listing/saved-list.ts";
import type { ListedRun } from "./listed-run.ts";
import type { MissingItem } from "../../../engine/listing/tracked-list.ts";
import type { HistoryOptions, HistoryPage } from "./history-page.ts";

/** Runs with all their fields. */
export interface RunRows {
  /** Each run as JSON text, exactly as the service sent it. */
  readonly texts: readonly string[];
  /** The same runs, as this response shows them. */
  readonly runs: readonly ListedRun[];
  readonly bytes: number;
  readonly held?: Disposable | undefined;
}

/** Reads one project through one of the service's APIs. */
export interface ProjectReader {
  /** The member of a run that holds its id. In GraphQL, that is `name`; `id` is internal. */
  readonly idMember: "name" | "id";
  /** How many histories to read at the same time. */
  readonly concurrentRuns: number;
  /** Proves that the project can be read, with one request. */
  check(): Promise<void>;
  /** Lists all runs, or those that may have changed if that is enough; once per sync. */
  listRuns(saved: SavedList): Promise<Listing<ListedRun>>;
  /** Lists those of the runs that still exist. */
  listByName(ids: readonly string[]): Promise<readonly ListedRun[]>;
  /** Which of the runs that the listing lacks are deleted, as far as that can be known. */
  findGone(missing: readonly MissingItem[]): Promise<ReadonlySet<string>>;
  /** Reads those of the runs that still exist. */
  readRows(ids: readonly string[]): AsyncIterable<RunRows>;
  /** Reads a run's history, page by page. */
  readHistory(run: ListedRun, options: HistoryOptions): AsyncIterable<HistoryPage>;
}
