import type { Row } from "../core/schema.ts";
import type { Batch, Sweep } from "../core/source.ts";

/** A batch whose columns have other names; its keys stay as they are. */
export function renameColumns(batch: Batch, names: ReadonlyMap<string, string>): Batch {
  const nameOf = (column: string): string => names.get(column) ?? column;
  const renameRow = (row: Row): Row => renameMembers(row, nameOf);
  const { rows, updates, sweep } = batch;
  return {
    ...batch,
    rows: rows.map(renameRow),
    ...(updates ? { updates: updates.map(renameRow) } : {}),
    ...(sweep ? { sweep: renameSweep(sweep, nameOf) } : {}),
  };
}

/** A sweep whose columns have other names. */
export function renameSweep(sweep: Sweep, nameOf: (column: string) => string): Sweep {
  const { by, range, where } = sweep;
  return {
    ...sweep,
    ...(by ? { by: by.map(nameOf) } : {}),
    ...(range ? { range: { ...range, column: nameOf(range.column) } } : {}),
    ...(where ? { where: renameMembers(where, nameOf) } : {}),
  };
}

function renameMembers<T>(
  members: Readonly<Record<string, T>>,
  nameOf: (column: string) => string,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(members).map(([column, value]) => [nameOf(column), value]),
  );
}
