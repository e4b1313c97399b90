import type { ClaimedTableError } from "../../core/errors.ts";
import type { Key, Row } from "../../core/schema.ts";
import type { Batch, Checkpoint, Rejected, Sweep } from "../../core/source.ts";
import { deduplicate } from "./deduplicate.ts";
import { locationOf, sweepMatcher } from "./entry-location.ts";
import { rowText } from "./key-text.ts";
import { encodePartialUpdate } from "./partial-updates.ts";
import { QuarantineChanges, type Quarantine } from "./quarantine.ts";
import { RowError } from "./row-encoder.ts";
import { RowValues } from "./row-values.ts";
import type { TableWrite } from "./table-write.ts";
import type { WritableTable } from "./writable-table.ts";

/** Everything that one call of `write` stores, with all rows encoded. */
export interface WritePlan {
  readonly writes: TableWrite[];
  readonly quarantine: QuarantineChanges;
  /** JSON text by stream and partition; null deletes a checkpoint. */
  readonly checkpoints: Map<string, Map<string, string | null>>;
  /** Number of entries sent to quarantine that are not settled, by stream. */
  readonly rejected: Map<string, number>;
  /** Integer columns that received a fraction, by stream. Widen them and plan again. */
  readonly fractionalColumns: Map<string, Set<string>>;
}

interface PlanContext {
  readonly tables: ReadonlyMap<string, WritableTable>;
  /** Why tables that were prepared belong to another pipeline by now, by stream. */
  readonly lost?: ReadonlyMap<string, ClaimedTableError>;
  readonly quarantine: Quarantine;
}

/**
 * Plans how to write batches. Rows of one stream are merged across batches up to its next updates,
 * deletes or sweep, because tables do not depend on each other.
 */
export function planWrites(batches: readonly Batch[], context: PlanContext): WritePlan {
  const plan: WritePlan = {
    writes: [],
    quarantine: new QuarantineChanges(),
    checkpoints: new Map(),
    rejected: new Map(),
    fractionalColumns: new Map(),
  };
  const openWrites = new Map<string, TableWrite>();
  const checkpoints: LastCheckpoints = new Map();
  for (const batch of batches) {
    addRows(plan, context, { batch, openWrites });
    addCheckpoint(plan, context, { batch, checkpoints });
    for (const entry of batch.rejected ?? []) addRejected(plan, batch.stream, entry);
  }
  formatCheckpoints(plan, checkpoints);
  // Deduplicate while planning: that runs in parallel with the previous write.
  for (const write of plan.writes) write.unique = deduplicate(write);
  return plan;
}

/** The last checkpoint of each partition, by stream. */
type LastCheckpoints = Map<string, Map<string, Checkpoint | null>>;

/** The streams for which a plan has rows, deletes, sweeps or checkpoints. */
export function touchedStreams({ writes, checkpoints }: WritePlan): ReadonlySet<string> {
  return new Set([...writes.map(({ writable }) => writable.table.stream), ...checkpoints.keys()]);
}

/** A row's quarantine entry. */
export function quarantineEntry(
  { encoder, table }: WritableTable,
  row: Row,
  error: Error,
): Rejected {
  const where = locationOf(table, row);
  const { text, cutFrom } = rowText(row);
  const cut =
    cutFrom === undefined
      ? ""
      : `; the payload is cut: the row has ${Math.round(cutFrom / 1e6)} million characters`;
  return { key: encoder.entryKey(row), payload: text, reason: `${error.message}${cut}`, where };
}

function addRows(
  plan: WritePlan,
  context: PlanContext,
  { batch, openWrites }: { batch: Batch; openWrites: Map<string, TableWrite> },
): void {
  const { stream, rows, updates = [], deletes = [], sweep } = batch;
  if (rows.length + updates.length + deletes.length === 0 && !sweep) return;
  const writable = context.tables.get(stream);
  if (!writable)
    throw (
      context.lost?.get(stream) ??
      new Error(`stream "${stream}": written to before it was prepared`)
    );
  let write = openWrites.get(stream);
  if (!write) {
    write = { ...emptyWrite(writable.table.columns.length), writable };
    plan.writes.push(write);
    openWrites.set(stream, write);
  }
  if (rows.length > 0) write.batchStarts.push(write.rows.length);
  for (const row of rows) addRow(plan, context, { write, row });
  for (const row of updates) addUpdate(plan, { write, row });
  if (updates.length + deletes.length === 0 && !sweep) return;
  write.deletes = writable.encoder.encodeKeys(deletes);
  write.sweep = sweep;
  openWrites.delete(stream);
  dropResolvedEntries(plan, context, { writable, deletes, sweep });
}

function emptyWrite(width: number): Omit<TableWrite, "writable"> {
  const [values, rows]: [RowValues, Row[]] = [new RowValues(width), []];
  return {
    values,
    rows,
    unique: { values, rows },
    batchStarts: [],
    updates: [],
    deletes: [],
    sweep: undefined,
  };
}

function addUpdate(plan: WritePlan, { write, row }: { write: TableWrite; row: Row }): void {
  const { writable, updates } = write;
  try {
    updates.push(encodePartialUpdate(writable, row));
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    addRejected(plan, writable.table.stream, quarantineEntry(writable, row, error));
  }
}

/** Drops quarantine entries of rows deleted or swept here. */
function dropResolvedEntries(
  plan: WritePlan,
  { quarantine }: PlanContext,
  {
    writable,
    deletes,
    sweep,
  }: { writable: WritableTable; deletes: readonly Key[]; sweep: Sweep | undefined },
): void {
  const { stream } = writable.table;
  if (!quarantine.hasEntries(stream, plan.quarantine)) return;
  for (const key of deletes) {
    plan.quarantine.set(stream, writable.encoder.keyText(key), undefined);
  }
  if (sweep) quarantine.removeSwept(stream, sweepMatcher(writable, sweep), plan.quarantine);
}

function addRow(
  plan: WritePlan,
  { quarantine }: PlanContext,
  { write: { writable, values, rows }, row }: { write: TableWrite; row: Row },
): void {
  const { encoder, table, unwidenable } = writable;
  try {
    values.add((piece) => {
      encoder.appendRow(row, piece);
    });
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    const column = error.fractionalColumn;
    if (column !== undefined && !unwidenable.has(column)) addFraction(plan, table.stream, column);
    addRejected(plan, table.stream, quarantineEntry(writable, row, error));
    return;
  }
  rows.push(row);
  if (!quarantine.hasEntries(table.stream, plan.quarantine)) return;
  plan.quarantine.set(table.stream, encoder.entryKey(row), undefined);
}

function addFraction({ fractionalColumns }: WritePlan, stream: string, column: string): void {
  fractionalColumns.set(stream, (fractionalColumns.get(stream) ?? new Set<string>()).add(column));
}

function addCheckpoint(
  plan: WritePlan,
  { quarantine }: PlanContext,
  { batch, checkpoints }: { batch: Batch; checkpoints: LastCheckpoints },
): void {
  const { stream, partition = "", checkpoint } = batch;
  if (checkpoint === undefined) return;
  const last = checkpoints.get(stream) ?? new Map<string, Checkpoint | null>();
  checkpoints.set(stream, last.set(partition, checkpoint));
  quarantine.removePartition(stream, partition, plan.quarantine);
}

/** Only the last checkpoint of a partition is stored; formatting the others would be wasted. */
function formatCheckpoints(plan: WritePlan, checkpoints: LastCheckpoints): void {
  for (const [stream, byPartition] of checkpoints) {
    const texts = [...byPartition].map(([partition, checkpoint]): [string, string | null] => [
      partition,
      checkpoint === null ? null : JSON.stringify(checkpoint),
    ]);
    plan.checkpoints.set(stream, new Map(texts));
  }
}

function addRejected({ quarantine, rejected }: WritePlan, stream: string, entry: Rejected): void {
  quarantine.set(stream, entry.key, entry);
  if (entry.settled === true) return;
  rejected.set(stream, (rejected.get(stream) ?? 0) + 1);
}
