import type { Key, Row } from "../../core/schema.ts";
import type { Batch, Rejected, Sweep } from "../../core/source.ts";
import { RowError } from "./row-encoder.ts";
import { rowText } from "./key-text.ts";
import { deduplicate } from "./deduplicate.ts";
import { sweepMatcher, locationOf } from "./entry-location.ts";
import { QuarantineChanges, type Quarantine } from "./quarantine.ts";
import { RowValues } from "./row-values.ts";
import { encodePartialUpdate } from "./partial-updates.ts";
import type { WritableTable } from "./writable-table.ts";
import type { TableWrite } from "./table-write.ts";

/** What one write does, with all rows in the driver's form. */
export interface WritePlan {
  readonly writes: TableWrite[];
  readonly quarantine: QuarantineChanges;
  readonly checkpoints: Map<string, Map<string, string | null>>;
  /** Rows and other things for the quarantine, by stream. */
  readonly rejected: Map<string, number>;
  /** Integer columns that were sent a fraction, by stream. Where there are any, they have to be widened first. */
  readonly fractionalColumns: Map<string, Set<string>>;
}

export interface PlanContext {
  readonly tables: ReadonlyMap<string, WritableTable>;
  readonly quarantine: Quarantine;
}

/** Rows of one stream are put together across batches, up to its next deletes or sweep: tables do not depend on each other. */
export function planWrites(batches: readonly Batch[], context: PlanContext): WritePlan {
  const plan: WritePlan = {
    writes: [],
    quarantine: new QuarantineChanges(),
    checkpoints: new Map(),
    rejected: new Map(),
    fractionalColumns: new Map(),
  };
  const open = new Map<string, TableWrite>();
  for (const batch of batches) {
    addRows(plan, context, { batch, open });
    addCheckpoint(plan, context, batch);
    for (const entry of batch.rejected ?? []) addRejected(plan, batch.stream, entry);
  }
  // Here, while what came before is being stored.
  for (const step of plan.writes) step.unique = deduplicate(step);
  return plan;
}

/** The streams that a plan brings rows, deletions or checkpoints to. */
export function touchedStreams({ writes, checkpoints }: WritePlan): ReadonlySet<string> {
  return new Set([...writes.map(({ writable }) => writable.table.stream), ...checkpoints.keys()]);
}

/** The entry in quarantine of a row. */
export function quarantineEntry(
  { encoder, table }: WritableTable,
  row: Row,
  error: Error,
): Rejected {
  const where = locationOf(table, row);
  return { key: encoder.entryKey(row), payload: rowText(row), reason: error.message, where };
}

function addRows(
  plan: WritePlan,
  context: PlanContext,
  { batch, open }: { batch: Batch; open: Map<string, TableWrite> },
): void {
  const { stream, rows, updates = [], deletes = [], sweep } = batch;
  if (rows.length + updates.length + deletes.length === 0 && !sweep) return;
  const prepared = context.tables.get(stream);
  if (!prepared) throw new Error(`stream "${stream}": written to before it was prepared`);
  let step = open.get(stream);
  if (!step) {
    step = { ...emptyWrite(prepared.table.columns.length), writable: prepared };
    plan.writes.push(step);
    open.set(stream, step);
  }
  if (rows.length > 0) step.batchStarts.push(step.rows.length);
  for (const row of rows) addRow(plan, context, { step, row });
  for (const row of updates) addUpdate(plan, { step, row });
  if (updates.length + deletes.length === 0 && !sweep) return;
  step.deletes = prepared.encoder.encodeKeys(deletes);
  step.sweep = sweep;
  open.delete(stream);
  dropResolvedEntries(plan, context, { prepared, deletes, sweep });
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

function addUpdate(plan: WritePlan, { step, row }: { step: TableWrite; row: Row }): void {
  const { writable, updates } = step;
  try {
    updates.push(encodePartialUpdate(writable, row));
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    addRejected(plan, writable.table.stream, quarantineEntry(writable, row, error));
  }
}

/** What is gone at the source is not missing any more. */
function dropResolvedEntries(
  plan: WritePlan,
  { quarantine }: PlanContext,
  {
    prepared,
    deletes,
    sweep,
  }: { prepared: WritableTable; deletes: readonly Key[]; sweep: Sweep | undefined },
): void {
  const { stream } = prepared.table;
  if (!quarantine.hasEntries(stream, plan.quarantine)) return;
  for (const key of deletes) {
    plan.quarantine.set(stream, prepared.encoder.keyText(key), undefined);
  }
  if (sweep) quarantine.removeSwept(stream, sweepMatcher(prepared, sweep), plan.quarantine);
}

function addRow(
  plan: WritePlan,
  { quarantine }: PlanContext,
  { step: { writable, values, rows }, row }: { step: TableWrite; row: Row },
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

function addCheckpoint(plan: WritePlan, { quarantine }: PlanContext, batch: Batch): void {
  const { stream, partition = "", checkpoint } = batch;
  if (checkpoint === undefined) return;
  const texts = plan.checkpoints.get(stream) ?? new Map<string, string | null>();
  plan.checkpoints.set(stream, texts);
  texts.set(partition, checkpoint === null ? null : JSON.stringify(checkpoint));
  quarantine.removePartition(stream, partition, plan.quarantine);
}

function addRejected({ quarantine, rejected }: WritePlan, stream: string, entry: Rejected): void {
  quarantine.set(stream, entry.key, entry);
  rejected.set(stream, (rejected.get(stream) ?? 0) + 1);
}
