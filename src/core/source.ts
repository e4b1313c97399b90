import type { z } from "zod";
import type { Log } from "./log.ts";
import type { Columns, Key, Row, Value } from "./schema.ts";
import type { RequestStats } from "./request-stats.ts";

/** A value that JSON can hold. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a stream, or a partition of it, has saved. Opaque to everything but that stream; at most a few hundred bytes. */
export type Checkpoint = Readonly<Record<string, Json>>;

/** The checkpoints of one stream by partition; the stream's own is under `""`. */
export type Checkpoints = ReadonlyMap<string, Checkpoint>;

/** Something that could not be stored or understood: it goes whole, and with its reason, into `_rivulet_quarantine`. */
export interface Rejected {
  /** The primary key as JSON text, or what else names the thing. One entry per stream and key. */
  readonly key: string;
  /** What the service sent, or what is known of it, as text. */
  readonly payload: string;
  readonly reason: string;
  /**
   * Values of columns that say where it stands, as far as they are known: what a sweep is limited by (`where`, `by`), and in the column of
   * its range the key beside which it was found. Once a later sync sweeps that place without having met it again, the entry is gone. Without
   * a value for the range, that is the sweep that ends a walk: the one whose range has no `from`.
   */
  readonly where?: Readonly<Record<string, Value>>;
}

/** Rows whose value in a column lies between two others; text in the order of its bytes. An end that is absent is open. */
export interface Range {
  readonly column: string;
  /** The smallest value, itself included. */
  readonly from?: Value;
  /** The largest value, itself not included. */
  readonly below?: Value;
}

/**
 * A part of a table of which the source has shown everything: what the destination holds there, and is not among `keys`, is
 * gone at the source.
 */
export interface Sweep {
  /** Only rows with these values, for example one dataset's. Absent: the whole table. */
  readonly where?: Readonly<Record<string, Value>>;
  readonly range?: Range;
  /** The columns that `keys` are about; absent: the primary key. */
  readonly by?: readonly string[];
  readonly keys: readonly Key[];
  /** Whether this part was walked before in the same sync, so that even a table that was empty may hold what is gone. */
  readonly again?: boolean;
}

/** Rows, and the checkpoint that becomes true once they are durable. A destination commits all of it, or none. */
export interface Batch {
  readonly stream: string;
  readonly rows: readonly Row[];
  /** Values of columns that all rows of the batch have in common, where its partition says so. */
  readonly where?: Readonly<Record<string, Value>>;
  /**
   * Rows of which only the key and some columns are known, to be changed where they are there; one that is not there is passed over. Done after `rows`,
   * before `deletes`.
   */
  readonly updates?: readonly Row[];
  /** Primary keys that are gone at the source. */
  readonly deletes?: readonly Key[];
  readonly sweep?: Sweep;
  readonly rejected?: readonly Rejected[];
  /** The partition that `checkpoint` belongs to; absent: the stream itself. */
  readonly partition?: string;
  /** `null` forgets the checkpoint of a partition that is finished for good. */
  readonly checkpoint?: Checkpoint | null;
  /** Size of the rows on the wire; what read-ahead is bounded by. Absent counts as 64 KiB. */
  readonly bytes?: number;
  /** When the oldest of its rows was read, in milliseconds since 1970. Absent where a source yields it: that is now. */
  readonly readAt?: number;
  /** How many rows this walk of the stream will bring in all, where the service says so. For progress only. */
  readonly expected?: number;
  /** How far this walk of the stream is in its partitions. For progress only. */
  readonly partitions?: PartitionCount;
}

/** A batch as a stream yields it; the engine adds which stream it is. */
export type StreamBatch = Omit<Batch, "stream">;

/** How many partitions were read. */
export interface PartitionCount {
  readonly done: number;
  /** How many there are in all, where that is known. */
  readonly of?: number;
}

/** What people call the rows of a stream, and what it is read by; progress shows partitions only where they have a name. */
export interface Units {
  readonly rows: string;
  readonly partitions?: string;
}

export interface ReadOptions {
  /** What earlier syncs saved. */
  readonly checkpoints: Checkpoints;
  /** Read everything again; what was saved only tells what was there. */
  readonly fullRefresh: boolean;
  /** When the sync began; no high-water mark may pass it. */
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** One table's worth of a source. */
export interface Stream {
  readonly name: string;
  readonly description?: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  /** The column that orders the stream, where it is read incrementally. */
  readonly cursor?: string;
  /** Columns that hold the time of the sync: they are written with a row that changed, and do not by themselves make a row changed. */
  readonly stamped?: readonly string[];
  /** How many rows show what the stream is like. Default: 10. */
  readonly sampleRows?: number;
  /** Default: `rows`. */
  readonly units?: Units;
  read(options: ReadOptions): AsyncIterable<StreamBatch>;
}

/** What the program lends to a source. */
export interface SourceContext {
  readonly log: Log;
  /** Where the source's HTTP client counts what it does. */
  readonly transfer: RequestStats;
  readonly signal: AbortSignal;
}

/** A system that we read. */
export interface Source<Config = unknown> {
  /** The name in commands, configuration and state: `opik`. */
  readonly name: string;
  /** The name for people: `Comet Opik`. */
  readonly title: string;
  readonly config: z.ZodObject & z.ZodType<Config>;
  /** What a configuration copies (host and workspace), so that one pipeline never mixes two. Never a secret. */
  identity(config: Config): string;
  streams(config: Config, context: SourceContext): readonly Stream[];
  /** Proves host, login and workspace, or throws an error with the remedy. */
  check(config: Config, context: SourceContext): Promise<void>;
}
