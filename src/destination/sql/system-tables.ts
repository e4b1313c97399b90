import type { ColumnType, Expression } from "kysely";

/** Rivulet's own tables, as the migrations create them. */
export interface SystemTables {
  _rivulet_state: StateRow;
  _rivulet_sync: SyncRow;
  _rivulet_quarantine: QuarantineRow;
  _rivulet_migration: { name: string };
}

/**
 * A checkpoint as JSON text, with the epoch of the lease under which it was saved. The row with
 * stream and partition `""` is the pipeline's lock. A stream's row with partition `""` also marks
 * its table as the pipeline's, with or without a checkpoint.
 */
interface StateRow {
  pipeline: string;
  stream: string;
  partition: string;
  checkpoint: string | null;
  epoch: BigIntColumn;
  /** Of a lock: how many transactions its holder has committed. */
  commits: BigIntColumn<null>;
}

/** A 64-bit integer, which drivers return as different types. */
type BigIntColumn<None = never> = ColumnType<
  number | string | bigint | None,
  number | None,
  number | None
>;

interface SyncRow {
  id: string;
  pipeline: string;
  started_at: string;
  ended_at: string | null;
  status: string;
  /** `Counts` by stream, as JSON text. */
  rows: string | null;
  requests: BigIntColumn<null>;
  retries: BigIntColumn<null>;
  bytes: BigIntColumn<null>;
  waited_ms: BigIntColumn<null>;
  error: string | null;
  /** The epoch of the lease under which the sync wrote data; null if it wrote none. */
  epoch: BigIntColumn<null>;
  /** The version of rivulet that ran it; null if that was before versions were saved. */
  version: string | null;
}

interface QuarantineRow {
  pipeline: string;
  stream: string;
  key: string;
  payload: string;
  reason: string;
  when: string;
  /** The entry's location: column values as JSON text. */
  place: string | null;
  /** Incomplete at the service for good. Drivers represent booleans differently: write literals. */
  settled: ColumnType<unknown, Expression<boolean>, Expression<boolean>>;
}

/** The prefix of the system tables' names. No stream's table may begin with it. */
export const systemPrefix = "_rivulet_";
