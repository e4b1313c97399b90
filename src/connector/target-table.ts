import { keyOf, type Columns, type Key, type Row, type Table } from "../core/schema.ts";
import type { Batch, Rejected, Sweep } from "../core/source.ts";
import { canonical, ValueError } from "../core/value.ts";
import type { Changes, TargetConnector, TargetValue } from "./connector.ts";
import { renameReservedColumns } from "./reserved-keys.ts";

/** A stream's table as a target has it. */
export interface TargetTable {
  /** With the names that its columns get there. */
  readonly table: Table;
  /** What a batch means for the target, and the rows of it that cannot be written. */
  changes(batch: Batch): { readonly changes: Changes; readonly rejected: readonly Rejected[] };
}

/** How a stream's table is written to a target: by the names that are free there. */
export function targetTable(
  stream: Table,
  { reservedKeys }: Pick<TargetConnector, "reservedKeys">,
): TargetTable {
  const { name, columns, primaryKey } = stream;
  const names = renameReservedColumns(Object.keys(columns), primaryKey, reservedKeys);
  const renamed = (column: string): string => names.get(column) ?? column;
  const byNewName = <Value>(found: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(found).map(([column, value]) => [renamed(column), value]));
  return {
    table: { name, columns: byNewName(columns), primaryKey: primaryKey.map(renamed) },
    changes({ rows, updates = [], deletes = [], sweep, rejected = [] }) {
      const refused: Rejected[] = [...rejected];
      const written = (some: readonly Row[], cells: Columns | undefined): TargetRow[] =>
        some.flatMap((row) => {
          const result = canonicalRow(stream, row, cells ?? givenColumns(columns, row));
          if ("row" in result) return [byNewName(result.row)];
          refused.push(result.rejected);
          return [];
        });
      const changes = {
        table: name,
        rows: written(rows, columns),
        updates: written(updates, undefined),
        deletes,
        ...(sweep ? { sweep: renameSweepColumns(sweep, { renamed, byNewName }) } : {}),
      };
      return { changes, rejected: refused };
    },
  };
}

type TargetRow = Readonly<Record<string, TargetValue>>;

/** The columns that a row says something about. */
function givenColumns(columns: Columns, row: Row): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([column]) => column in row));
}

interface Renaming {
  readonly renamed: (column: string) => string;
  readonly byNewName: <Value>(found: Readonly<Record<string, Value>>) => Record<string, Value>;
}

function renameSweepColumns(sweep: Sweep, { renamed, byNewName }: Renaming): Sweep {
  const { where, range, by, ...rest } = sweep;
  return {
    ...rest,
    ...(where ? { where: byNewName(where) } : {}),
    ...(range ? { range: { ...range, column: renamed(range.column) } } : {}),
    ...(by ? { by: by.map(renamed) } : {}),
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
    if (missing !== undefined) throw new ValueError(`no ${missing}, which is part of the key`);
    return { row: Object.fromEntries(cells) };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return { rejected: toRejected(keyOf(table, row), row, error.message) };
  }
}

function toRejected(key: Key, row: Row, reason: string): Rejected {
  return { key: jsonText(key.length === 1 ? key[0] : key), payload: jsonText(row), reason };
}

function jsonText(value: unknown): string {
  return JSON.stringify(value ?? null, (_name, inner: unknown) =>
    typeof inner === "bigint" ? String(inner) : inner,
  );
}
