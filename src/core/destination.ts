import { TransientError } from "./errors.ts";
import type { Batch, Checkpoints, QuarantinedEntry, Rejected } from "./source.ts";
import type { Key, Table } from "./schema.ts";
import type { RequestStats } from "./request-stats.ts";

/** Checkpoints by stream, then by partition. */
export type State = ReadonlyMap<string, Checkpoints>;

/**
 * What a write did to one stream's table. `rejected` rows went into quarantine; settled entries are
 * not among them.
 */
export interface Counts {
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
  rejected: number;
}

/** Counts by stream. */
export type WriteResult = ReadonlyMap<string, Counts>;

/** The pipeline to lock, and what it copies. */
export interface Pipeline {
  /** The key of its state. */
  readonly name: string;
  /**
   * The source's identity (host and workspace), fixed with the first rows: a pipeline never mixes
   * two. Absent if only the state is touched.
   */
  readonly identity?: string;
}

/**
 * How a sync ended. `partial`: some rows are in quarantine and not settled; the rest is complete.
 */
export type SyncStatus = "completed" | "partial" | "failed" | "interrupted";

/** The result of a sync, as `_rivulet_sync` stores it. */
export interface SyncEnd {
  readonly status: SyncStatus;
  readonly counts: WriteResult;
  readonly transfer: RequestStats;
  readonly error?: string;
}

/** A settled entry in quarantine, for display. */
export interface SettledEntry extends Pick<Rejected, "key" | "reason"> {
  readonly stream: string;
}

/** How many entries of a stream are in quarantine for a reason. Settled ones do not count. */
export interface QuarantineReason {
  readonly stream: string;
  readonly entries: number;
  /** One line. Absent: other reasons than those named before. */
  readonly reason?: string;
  /** Whether it is the reason of one entry, and those of the others have other names or numbers. */
  readonly varies?: boolean;
}

/** A row of `_rivulet_sync`. `died`: stored as `running`, but the lease is no longer held. */
export interface SyncRecord extends Omit<SyncEnd, "status"> {
  readonly pipeline: string;
  /** UTC, ISO 8601. */
  readonly startedAt: string;
  /** UTC, ISO 8601; absent while running. */
  readonly endedAt?: string;
  readonly status: SyncStatus | "running" | "died";
}

/**
 * The right to write to one pipeline, from `lock` until disposal; the lease is renewed meanwhile.
 */
export interface Session extends AsyncDisposable {
  /**
   * Aborts when another process takes the lease, or when the database has lost what it confirmed;
   * after that, nothing can be written.
   */
  readonly lost: AbortSignal;
  /** The pipeline's checkpoints. */
  state(): Promise<State>;
  /**
   * Creates tables, adds columns and widens types; never drops. If a table or a column is new,
   * discards the checkpoints of its stream, so that everything is read again. Prepares all of them
   * or none; throws a TableError if one of them cannot be used as it is, a BusyTableError if it is
   * locked, a ClaimedTableError if it is another pipeline's.
   */
  prepare(tables: readonly Table[]): Promise<void>;
  /**
   * Commits all batches in their order, checkpoints included, in one transaction or not at all.
   * Without batches, only verifies the lease. Throws a TableError if one table cannot be written, a
   * BusyTableError if it is locked, a ClaimedTableError if another pipeline has claimed it since it
   * was prepared.
   */
  write(batches: readonly Batch[]): Promise<WriteResult>;
  /**
   * Replaces the checkpoints of one stream, or of all, and empties its quarantine: for
   * `state import` and `state reset`. Replacing all also clears the pipeline's identity.
   */
  replaceState(state: State, stream?: string): Promise<void>;
  /** The number of entries, without settled ones, that these streams have in quarantine now. */
  countQuarantined(streams: readonly string[]): Promise<number>;
  /** The number of settled entries that these streams have in quarantine now. */
  countSettled(streams: readonly string[]): Promise<number>;
  /** Why entries of these streams are in quarantine now, the most frequent first. */
  quarantineReasons(streams: readonly string[]): Promise<readonly QuarantineReason[]>;
  /**
   * Counts a stream's rows that are not marked as deleted, by the values of a column. Absent if the
   * destination cannot be asked.
   */
  countRows?(stream: string, column: string): Promise<ReadonlyMap<string, number>>;
  /**
   * The stream's entries in quarantine that are not settled, without those of partitions. Absent if
   * what a stream reads cannot remove them.
   */
  quarantined?(stream: string): Promise<readonly QuarantinedEntry[]>;
  /** How many columns a table can have besides the destination's own. Absent: any number. */
  readonly maxColumns?: number;
  /** Inserts this sync's row into `_rivulet_sync`, as `running`. */
  begin(): Promise<void>;
  /**
   * Completes that row. Verifies the lease first, unless the sync has failed anyway. Throws if
   * `begin` was not called.
   */
  end(end: SyncEnd): Promise<void>;
}

/** Rows that differ in one way: how many, and the first thousand of them. */
export interface Found<T> {
  readonly count: number;
  readonly first: readonly T[];
}

/** A row whose values differ, and the columns (as the source names them) in which they do. */
export interface DifferentRow {
  readonly key: string;
  readonly columns: readonly string[];
}

/** How a table differs from its source. Keys are JSON text. */
export interface Differences {
  /** The number of distinct keys. */
  readonly atSource: number;
  /** The number of rows that are not marked as deleted. */
  readonly atDestination: number;
  /** Only the source has them. */
  readonly missing: Found<string>;
  /** Only the table has them. */
  readonly extra: Found<string>;
  readonly different: Found<DifferentRow>;
  /** The table cannot hold them. */
  readonly unstorable: Found<{ readonly key: string; readonly reason: string }>;
}

/** A comparison of one table with its source, which writes nothing to the database. */
export interface TableComparison extends AsyncDisposable {
  /** Compares what a sync would store. If a key comes again, only its last row counts. */
  add(batches: readonly Batch[]): Promise<void>;
  /** Looks for rows that only the table has. Call it after the last batch. */
  end(): Promise<Differences>;
}

/** The database that a pipeline writes to. */
export interface Destination extends AsyncDisposable {
  /** The URL without its password, for messages. */
  readonly label: string;
  /** Proves that the database can be reached and written to; leaves nothing behind. */
  check(): Promise<void>;
  /**
   * Takes the pipeline's lease, and creates the system tables if they are missing. Throws a
   * LockedError that says who holds the lease and since when.
   */
  lock(pipeline: Pipeline): Promise<Session>;
  /** A pipeline's checkpoints, read without the lease; empty if there are none. */
  state(pipeline: string): Promise<State>;
  /** The latest syncs of one pipeline or of all, newest first; empty if there are none. */
  syncs(limit: number, pipeline?: string): Promise<readonly SyncRecord[]>;
  /** A pipeline's settled entries, read without the lease; empty if there are none. */
  settledEntries(pipeline: string): Promise<readonly SettledEntry[]>;
  /** Why entries of a pipeline are in quarantine, read without the lease. */
  quarantineReasons(pipeline: string): Promise<readonly QuarantineReason[]>;
  /** Runs a query of ours for display; `?` marks a parameter, values are the driver's own. */
  select(
    query: string,
    parameters?: readonly (string | number)[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** The keys of the table's rows, except those marked as deleted; empty if it does not exist. */
  keys(table: Table): AsyncIterable<Key>;
  /** The number of the table's rows, without those marked as deleted; 0 if it does not exist. */
  rowCount(table: Table): Promise<number>;
  /**
   * Begins a comparison of the table: of its values in the form in which a sync would store them,
   * or of its keys only. Throws a ConfigError if the existing table does not fit.
   */
  compare(table: Table, options: { readonly keysOnly: boolean }): Promise<TableComparison>;
}

/** The table of a query does not exist: the next sync creates it. */
export class MissingTableError extends TransientError {}

/** Counts that start at 0, to be added to. */
export function zeroCounts(): Counts {
  return { inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: 0 };
}

/** Adds `more` to `total`, in place. */
export function addCounts(total: Counts, more: Counts): void {
  total.inserted += more.inserted;
  total.updated += more.updated;
  total.unchanged += more.unchanged;
  total.deleted += more.deleted;
  total.rejected += more.rejected;
}
