import { describedJson } from "../core/json-text.ts";
import { keyOf, type Columns, type Key, type Row, type Table } from "../core/schema.ts";
import type { Batch, Rejected, Sweep } from "../core/source.ts";
import { canonical } from "../core/value.ts";
import { ValueError } from "../core/value-error.ts";
import type { Changes, TargetConnector, TargetValue } from "./connector.ts";
import { renameReservedColumns } from "./reserved-keys.ts";

/** A stream's table in a target. */
export interface TargetTable {
  /** The table with the column names that it has in the target. */
  readonly table: Table;
  /** A batch's changes for the target, and its rejected rows, old and new. */
  changes(batch: Batch): { readonly changes: Changes; readonly rejected: readonly Rejected[] };
}

/** Maps a stream's table to a target: reserved column names are replaced, values made canonical. */
export function targetTable(
  stream: Table,
  { reservedKeys }: Pick<TargetConnector, "reservedKeys">,
): TargetTable {
  const { name, columns, primaryKey } = stream;
  const names = renameReservedColumns(Object.keys(columns), primaryKey, reservedKeys);
  const rename = (column: string): string => names.get(column) ?? column;
  const renameMembers = <Value>(cells: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(cells).map(([column, value]) => [rename(column), value]));
  return {
    table: { name, columns: renameMembers(columns), primaryKey: primaryKey.map(rename) },
    changes({ rows, updates = [], deletes = [], sweep, rejected = [] }) {
      const allRejected: Rejected[] = [...rejected];
      const toTargetRow = (row: Row, rowColumns: Columns): TargetRow[] => {
        const result = canonicalRow(stream, row, rowColumns);
        if ("row" in result) return [renameMembers(result.row)];
        allRejected.push(result.rejected);
        return [];
      };
      const changes = {
        table: name,
        rows: rows.flatMap((row) => toTargetRow(row, columns)),
        updates: updates.flatMap((row) => toTargetRow(row, givenColumns(columns, row))),
        deletes,
        ...(sweep ? { sweep: renameSweepColumns(sweep, { rename, renameMembers }) } : {}),
      };
      return { changes, rejected: allRejected };
    },
  };
}

type TargetRow = Readonly<Record<string, TargetValue>>;

/** The columns that a partial row has. */
function givenColumns(columns: Columns, row: Row): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([column]) => column in row));
}

interface Renaming {
  readonly rename: (column: string) => string;
  readonly renameMembers: <Value>(cells: Readonly<Record<string, Value>>) => Record<string, Value>;
}

function renameSweepColumns(sweep: Sweep, { rename, renameMembers }: Renaming): Sweep {
  const { where, range, by, ...rest } = sweep;
  return {
    ...rest,
    ...(where ? { where: renameMembers(where) } : {}),
    ...(range ? { range: { ...range, column: rename(range.column) } } : {}),
    ...(by ? { by: by.map(rename) } : {}),
  };
}

type CanonicalRow = { readonly row: TargetRow } | { readonly rejected: Rejected };

function canonicalRow(table: Table, row: Row, columns: Columns): CanonicalRow {
  try {
    const cells = Object.entries(columns).map(([column, type]): [string, TargetValue] => {
      const value = row[column];
      return [column, value == null ? null : canonical[type](value)];
    });
    const missing = table.primaryKey.find((column) => row[column] == null);
    if (missing !== undefined) throw new ValueError(`${missing} is missing, a part of the key`);
    return { row: Object.fromEntries(cells) };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return { rejected: toRejected(keyOf(table, row), row, error.message) };
  }
}

function toRejected(key: Key, row: Row, reason: string): Rejected {
  const name = describedJson((key.length === 1 ? key[0] : key) ?? null);
  return { key: name, payload: describedJson(row), reason };
}
