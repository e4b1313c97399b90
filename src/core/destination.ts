import type { Batch, Checkpoints } from "./source.ts";
import type { Key, Table } from "./schema.ts";
import type { RequestStats } from "./request-stats.ts";

/** Checkpoints by stream, then by partition. */
export type State = ReadonlyMap<string, Checkpoints>;

/** What writing did to one stream's table. `rejected` rows went into quarantine. */
export interface Counts {
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
  rejected: number;
}

/** Counts by stream. */
export type WriteResult = ReadonlyMap<string, Counts>;

/** Which pipeline writes, and what it copies. */
export interface Pipeline {
  /** The key of the state. */
  readonly name: string;
  /** The source's identity (host and workspace): a pipeline never mixes two, from its first rows on. Absent where only the state is touched. */
  readonly identity?: string;
}

/** How a sync ended. `partial`: all that could be read is there, something is in quarantine. */
export type SyncStatus = "completed" | "partial" | "failed" | "interrupted";

/** A row of `_rivulet_sync`, as it is when the sync has ended. */
export interface SyncEnd {
  readonly status: SyncStatus;
  readonly counts: WriteResult;
  readonly transfer: RequestStats;
  readonly error?: string;
}

/** A row of `_rivulet_sync`. One that is `running` there, but does not hold the lock any more, has `died`. */
export interface SyncRecord extends Omit<SyncEnd, "status"> {
  readonly pipeline: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly status: SyncStatus | "running" | "died";
}

/** One pipeline's right to write: held from `lock` until it is disposed of, renewed in the background. */
export interface Session extends AsyncDisposable {
  /** Aborted when the lease was lost to another process: nothing more can be written. */
  readonly lost: AbortSignal;
  state(): Promise<State>;
  /**
   * Creates tables, adds columns, widens; never drops. Where a table or a column was not there, the checkpoints of its stream are forgotten, so that
   * what they say was read is read again.
   */
  prepare(tables: readonly Table[]): Promise<void>;
  /** Rows, deletes, sweeps, quarantine and checkpoints of all batches, in their order, in one transaction, or nothing of it. */
  write(batches: readonly Batch[]): Promise<WriteResult>;
  /** Replaces all checkpoints of one stream, or of all, which lets go of the identity, and empties its quarantine: `state import` and `state reset`. */
  replaceState(state: State, stream?: string): Promise<void>;
  /** How many entries of this pipeline and these streams are in quarantine now. */
  countQuarantined(streams: readonly string[]): Promise<number>;
  /** Writes the end of this sync into `_rivulet_sync`; its start was written by `begin`. */
  begin(): Promise<void>;
  end(end: SyncEnd): Promise<void>;
}

/** A database that somebody owns. */
export interface Destination extends AsyncDisposable {
  /** The URL without its password, for messages. */
  readonly label: string;
  /** Proves that the database can be reached and written to, and leaves nothing there; or throws an error with the remedy. */
  check(): Promise<void>;
  /** Takes the pipeline's lock; a LockedError says who holds it and since when. Makes rivulet's own tables where they are missing. */
  lock(pipeline: Pipeline): Promise<Session>;
  /** The checkpoints of a pipeline, without the lock; empty where the database has none. */
  state(pipeline: string): Promise<State>;
  /** The last syncs, of one pipeline or of all, newest first; empty where the database has none. */
  syncs(limit: number, pipeline?: string): Promise<readonly SyncRecord[]>;
  /** Rows of a query of ours, for showing; values as the driver gives them. Each `?` stands for one of the parameters. */
  select(
    query: string,
    parameters?: readonly (string | number)[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** The keys that the table holds, not counting rows marked as deleted; nothing where there is no such table. */
  keys(table: Table): AsyncIterable<Key>;
}

export function zeroCounts(): Counts {
  return { inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: 0 };
}

/** Adds one count to another, in place. */
export function addCounts(total: Counts, more: Counts): void {
  total.inserted += more.inserted;
  total.updated += more.updated;
  total.unchanged += more.unchanged;
  total.deleted += more.deleted;
  total.rejected += more.rejected;
}
