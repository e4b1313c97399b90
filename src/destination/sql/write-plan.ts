import type { Key, Row } from "../../core/schema.ts";
import type { Batch, Rejected, Sweep } from "../../core/source.ts";
import type { PreparedTable, SqlValue } from "./dialect.ts";
import { RowError, type Encoder } from "./row-encoder.ts";
import { rowText } from "./key-text.ts";
import { onePerKey, type EachOnce } from "./deduplicate.ts";
import { coverage, placeOf } from "./entry-location.ts";
import { QuarantineChanges, type Quarantine } from "./quarantine.ts";
import { RowValues } from "./row-values.ts";
import { rowUpdate, type RowUpdate } from "./partial-updates.ts";

/** A table that a session may write to. */
export interface Prepared {
  readonly table: PreparedTable;
  readonly encoder: Encoder;
  /** Integer columns that cannot become doubles. */
  readonly narrow: ReadonlySet<string>;
}

/** Rows of one table that are stored together, and what is marked as deleted after them. */
export interface Step {
  readonly prepared: Prepared;
  readonly values: RowValues;
  /** What `values` was made from. */
  readonly rows: Row[];
  /** Where in `rows` each batch begins. */
  readonly batches: number[];
  /** What of `values` and `rows` is stored. */
  each: EachOnce;
  /** Changes of rows that are there, after `rows`. */
  readonly updates: RowUpdate[];
  deletes: readonly SqlValue[][];
  sweep: Sweep | undefined;
}

/** What one write does, with all rows in the driver's form. */
export interface Plan {
  readonly steps: Step[];
  readonly quarantine: QuarantineChanges;
  readonly checkpoints: Map<string, Map<string, string | null>>;
  /** Rows and other things for the quarantine, by stream. */
  readonly rejected: Map<string, number>;
  /** Integer columns that were sent a fraction, by stream. Where there are any, they have to be widened first. */
  readonly fractions: Map<string, Set<string>>;
}

export interface PlanContext {
  readonly prepared: ReadonlyMap<string, Prepared>;
  readonly quarantine: Quarantine;
}

/** Rows of one stream are put together across batches, up to its next deletes or sweep: tables do not depend on each other. */
export function planOf(batches: readonly Batch[], context: PlanContext): Plan {
  const plan: Plan = {
    steps: [],
    quarantine: new QuarantineChanges(),
    checkpoints: new Map(),
    rejected: new Map(),
    fractions: new Map(),
  };
  const open = new Map<string, Step>();
  for (const batch of batches) {
    addRows(plan, context, { batch, open });
    addCheckpoint(plan, context, batch);
    for (const entry of batch.rejected ?? []) reject(plan, batch.stream, entry);
  }
  // Here, while what came before is being stored.
  for (const step of plan.steps) step.each = onePerKey(step);
  return plan;
}

/** The streams that a plan brings rows, deletions or checkpoints to. */
export function touchedBy({ steps, checkpoints }: Plan): ReadonlySet<string> {
  return new Set([...steps.map(({ prepared }) => prepared.table.stream), ...checkpoints.keys()]);
}

/** The entry in quarantine of a row. */
export function rejectedRow({ encoder, table }: Prepared, row: Row, error: Error): Rejected {
  const where = placeOf(table, row);
  return { key: encoder.nameOf(row), payload: rowText(row), reason: error.message, where };
}

function addRows(
  plan: Plan,
  context: PlanContext,
  { batch, open }: { batch: Batch; open: Map<string, Step> },
): void {
  const { stream, rows, updates = [], deletes = [], sweep } = batch;
  if (rows.length + updates.length + deletes.length === 0 && !sweep) return;
  const prepared = context.prepared.get(stream);
  if (!prepared) throw new Error(`stream "${stream}": written to before it was prepared`);
  let step = open.get(stream);
  if (!step) {
    step = { ...emptyStep(prepared.table.columns.length), prepared };
    plan.steps.push(step);
    open.set(stream, step);
  }
  if (rows.length > 0) step.batches.push(step.rows.length);
  for (const row of rows) addRow(plan, context, { step, row });
  for (const row of updates) addUpdate(plan, { step, row });
  if (updates.length + deletes.length === 0 && !sweep) return;
  step.deletes = prepared.encoder.keys(deletes);
  step.sweep = sweep;
  open.delete(stream);
  letGo(plan, context, { prepared, deletes, sweep });
}

function emptyStep(width: number): Omit<Step, "prepared"> {
  const [values, rows]: [RowValues, Row[]] = [new RowValues(width), []];
  return {
    values,
    rows,
    each: { values, rows },
    batches: [],
    updates: [],
    deletes: [],
    sweep: undefined,
  };
}

function addUpdate(plan: Plan, { step, row }: { step: Step; row: Row }): void {
  const { prepared, updates } = step;
  try {
    updates.push(rowUpdate(prepared, row));
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    reject(plan, prepared.table.stream, rejectedRow(prepared, row, error));
  }
}

/** What is gone at the source is not missing any more. */
function letGo(
  plan: Plan,
  { quarantine }: PlanContext,
  {
    prepared,
    deletes,
    sweep,
  }: { prepared: Prepared; deletes: readonly Key[]; sweep: Sweep | undefined },
): void {
  const { stream } = prepared.table;
  if (!quarantine.concerns(stream, plan.quarantine)) return;
  for (const key of deletes) {
    plan.quarantine.set(stream, prepared.encoder.keyText(key), undefined);
  }
  if (sweep) quarantine.sweep(stream, coverage(prepared, sweep), plan.quarantine);
}

function addRow(
  plan: Plan,
  { quarantine }: PlanContext,
  { step: { prepared, values, rows }, row }: { step: Step; row: Row },
): void {
  const { encoder, table, narrow } = prepared;
  try {
    values.add((piece) => {
      encoder.row(row, piece);
    });
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    const column = error.fractionIn;
    if (column !== undefined && !narrow.has(column)) addFraction(plan, table.stream, column);
    reject(plan, table.stream, rejectedRow(prepared, row, error));
    return;
  }
  rows.push(row);
  if (!quarantine.concerns(table.stream, plan.quarantine)) return;
  plan.quarantine.set(table.stream, encoder.nameOf(row), undefined);
}

function addFraction({ fractions }: Plan, stream: string, column: string): void {
  fractions.set(stream, (fractions.get(stream) ?? new Set<string>()).add(column));
}

function addCheckpoint(plan: Plan, { quarantine }: PlanContext, batch: Batch): void {
  const { stream, partition = "", checkpoint } = batch;
  if (checkpoint === undefined) return;
  const texts = plan.checkpoints.get(stream) ?? new Map<string, string | null>();
  plan.checkpoints.set(stream, texts);
  texts.set(partition, checkpoint === null ? null : JSON.stringify(checkpoint));
  quarantine.clearPartition(stream, partition, plan.quarantine);
}

function reject({ quarantine, rejected }: Plan, stream: string, entry: Rejected): void {
  quarantine.set(stream, entry.key, entry);
  rejected.set(stream, (rejected.get(stream) ?? 0) + 1);
}
