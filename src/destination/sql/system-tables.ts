import type { ColumnType } from "kysely";

/** The tables that rivulet keeps for itself, as `migrations/` makes them. */
export interface SystemTables {
  _rivulet_state: StateRow;
  _rivulet_sync: SyncRow;
  _rivulet_quarantine: QuarantineRow;
  _rivulet_migration: { name: string };
}

/**
 * A checkpoint as JSON text, and the epoch of the lock under which it was saved. Stream and partition `""` is the pipeline's lock;
 * a stream's own row, partition `""`, without a checkpoint says only whose table it is.
 */
interface StateRow {
  pipeline: string;
  stream: string;
  partition: string;
  checkpoint: string | null;
  epoch: BigIntColumn;
}

/** A 64-bit integer, which drivers give in different forms. */
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
  /** Counts by stream, as JSON text. */
  rows: string | null;
  requests: BigIntColumn<null>;
  retries: BigIntColumn<null>;
  bytes: BigIntColumn<null>;
  waited_ms: BigIntColumn<null>;
  error: string | null;
  /** The epoch of the lock under which it wrote something; null where it wrote nothing. */
  epoch: BigIntColumn<null>;
}

interface QuarantineRow {
  pipeline: string;
  stream: string;
  key: string;
  payload: string;
  reason: string;
  when: string;
  /** Values of columns, as JSON text. */
  place: string | null;
}

/** The names that no stream's table may have begin with this. */
export const systemPrefix = "_rivulet_";
