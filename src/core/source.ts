import type { z } from "zod";
import type { Log } from "./log.ts";
import type { ReportPage } from "./report.ts";
import type { Columns, Key, Row, Value } from "./schema.ts";
import type { RequestStats } from "./request-stats.ts";

/** A value that JSON can hold. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * What a stream or partition saves to resume: JSON that only that stream understands, usually a few
 * hundred bytes, at most some ten kilobytes.
 */
export type Checkpoint = Readonly<Record<string, Json>>;

/** One stream's checkpoints by partition; the stream's own has the key `""`. */
export type Checkpoints = ReadonlyMap<string, Checkpoint>;

/**
 * Something that could not be stored or understood; `_rivulet_quarantine` keeps it with the reason.
 */
export interface Rejected {
  /** The primary key as JSON text, or whatever else identifies it. One entry per stream and key. */
  readonly key: string;
  /** What the service sent, or what is left of it, as text. */
  readonly payload: string;
  readonly reason: string;
  /**
   * Known to be incomplete at the service for good: nothing more is expected. A settled entry is
   * counted and named, but does not make a sync partial. Default: false.
   */
  readonly settled?: boolean;
  /**
   * The entry's location, which decides the sweep that removes it: values of the columns that limit
   * a sweep (`where`, `by`) and, in the column of its range, a key found next to the entry. A later
   * sync that sweeps the location without rejecting the entry again removes it. Without a value for
   * the range, that is the last sweep of a traversal: the one whose range has no `from`.
   */
  readonly where?: Readonly<Record<string, Value>>;
}

/**
 * An entry in quarantine that is not settled: its row or object is to be asked for again. Not a
 * partition, whose own checkpoint says that.
 */
export interface QuarantinedEntry {
  readonly key: string;
  /** Its location; for a row, the values of its columns, without long ones. */
  readonly where: NonNullable<Rejected["where"]>;
}

/** A range of a column's values; text is compared by its bytes. An absent end is open. */
export interface Range {
  readonly column: string;
  /** Inclusive. */
  readonly from?: Value;
  /** Exclusive. */
  readonly below?: Value;
}

/**
 * A range of a table that the source has listed completely: stored rows in it whose key is not
 * among `keys` are deleted at the source.
 */
export interface Sweep {
  /** Only rows with these values, for example those of one dataset. Absent: the whole table. */
  readonly where?: Readonly<Record<string, Value>>;
  readonly range?: Range;
  /** The columns that `keys` refer to. Absent: the primary key. */
  readonly by?: readonly string[];
  readonly keys: readonly Key[];
  /** The range was read before in this sync, so even a table that was empty may have stale rows. */
  readonly again?: boolean;
}

/**
 * Rows with the checkpoint they earn. A destination commits all of it or none: the whole
 * reliability design rests on this.
 */
export interface Batch {
  readonly stream: string;
  readonly rows: readonly Row[];
  /** Column values that all rows of the batch share, set for rows of a partition. */
  readonly where?: Readonly<Record<string, Value>>;
  /**
   * The key and the changed columns of rows to update if they exist; the others are ignored.
   * Applied after `rows` and before `deletes`.
   */
  readonly updates?: readonly Row[];
  /** Primary keys of rows that were deleted at the source. */
  readonly deletes?: readonly Key[];
  readonly sweep?: Sweep;
  readonly rejected?: readonly Rejected[];
  /** Write it at once, with all before it: the stream waits for that. */
  readonly endsGroup?: boolean;
  /** The partition that `checkpoint` belongs to. Absent: the stream itself. */
  readonly partition?: string;
  /** `null` removes the checkpoint of a partition that is finished for good. */
  readonly checkpoint?: Checkpoint | null;
  /** The size of the rows on the wire, which bounds read-ahead. Absent: counted as 64 KiB. */
  readonly bytes?: number;
  /** Memory that a large answer takes until its rows are written; disposed of by the engine. */
  readonly held?: Disposable | undefined;
  /** When the oldest row was read, in milliseconds since 1970. Default: when it is yielded. */
  readonly readAt?: number;
  /** What the summary of the sync says besides. */
  readonly note?: string;
  /** The number of rows that this read of the stream will return, if known. For progress only. */
  readonly expected?: number;
  /** How many partitions have been read. For progress only. */
  readonly partitions?: PartitionCount;
}

/** A batch as a stream yields it; the engine adds the stream's name. */
export type StreamBatch = Omit<Batch, "stream">;

/** The number of partitions read. */
export interface PartitionCount {
  readonly done: number;
  /** The number of all partitions, if known. */
  readonly of?: number;
}

/** Nouns for progress: a stream's rows and partitions. Partitions without a noun are not shown. */
export interface Units {
  readonly rows: string;
  readonly partitions?: string;
}

/** What the engine passes to a stream's `read()`. */
export interface ReadOptions {
  /** What earlier syncs saved. */
  readonly checkpoints: Checkpoints;
  /** Read everything again; use the checkpoints only to learn what was there. */
  readonly fullRefresh: boolean;
  /**
   * Believe a listing that shows far less than the last one, and mark the rest as deleted. Set by a
   * person for one sync. Default: false.
   */
  readonly allowMassDeletion?: boolean;
  /**
   * Counts the stream's rows that are not marked as deleted, by the values of a column, once all
   * that was yielded is written. Absent where there is no database.
   */
  readonly countRows?: (column: string) => Promise<ReadonlyMap<string, number>>;
  /**
   * What earlier syncs could not store: read it again, once per sync, even if the service says that
   * nothing has changed, because the table may take it now. Absent where there is no database.
   */
  readonly quarantined?: readonly QuarantinedEntry[];
  /** When the sync began; no high-water mark may pass it. */
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** A stream: what feeds one table. */
export interface Stream {
  readonly name: string;
  readonly description?: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** The column that orders the stream, if it is read incrementally. */
  readonly cursor?: string;
  /** Columns with the time of the sync: written with a changed row, but no change in themselves. */
  readonly stamped?: readonly string[];
  /** How many rows the command `sample` reads. Default: 10. */
  readonly sampleRows?: number;
  /** Default: `rows`. */
  readonly units?: Units;
  /** Reads the stream from its checkpoints on; called once per sync. */
  read(options: ReadOptions): AsyncIterable<StreamBatch>;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that a service's own client saved on this machine, and the file they are from. */
export interface SavedSettings {
  readonly file: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What the program provides to a source. */
export interface SourceContext {
  readonly log: Log;
  /** Where the source's HTTP clients count their requests. */
  readonly transfer: RequestStats;
  readonly signal: AbortSignal;
  /**
   * The environment of the person who runs the program: the service's own client may have saved a
   * login there. Absent where only the configuration counts, as in `serve`.
   */
  readonly env?: Environment;
  /**
   * Whether to refuse connections to this machine and to private networks: in `serve`, a caller
   * names the host. Pass it to the HTTP client.
   */
  readonly publicOnly?: boolean;
}

/** A service we read: its configuration, its streams and a login check. */
export interface Source<Config = unknown> {
  /** The name in commands, configuration and state: `opik`. */
  readonly name: string;
  /** The display name: `Comet Opik`. */
  readonly title: string;
  readonly config: z.ZodObject & z.ZodType<Config>;
  /** Settings as `config` expects them, from other forms that people write. */
  normalize?(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /**
   * Settings that the service's own client saved, for keys that neither the file nor the
   * environment sets. `serve` does not ask for them.
   */
  savedSettings?(env: Environment): SavedSettings | undefined;
  /** What a configuration copies (host and workspace); a pipeline never mixes two. Not a secret. */
  identity(config: Config): string;
  streams(config: Config, context: SourceContext): readonly Stream[];
  /** What the command `report` shows of the source's tables besides syncs, sizes and quarantine. */
  readonly report?: ReportPage;
  /** Proves that host, login and workspace work, or throws an error with the remedy. */
  check(config: Config, context: SourceContext): Promise<void>;
}
