import { ObjectReader, type ObjectMembers, type Members } from "./object-reader.ts";
import type { ColumnType, Columns, Row, Value } from "../core/schema.ts";

/** The member a column is read from; of several, the first that is not null. */
export type MemberName = string | readonly string[];

/** Turns the service's objects into rows. */
export interface RowMapper {
  /** The row of one object, given as valid JSON; undefined for any other value. */
  toRow(text: string): Row | undefined;
  /** Members seen so far that feed no column. */
  readonly unknownMembers: ReadonlySet<string>;
  /** Members seen so far that feed a column. */
  readonly seenMembers: ReadonlySet<string>;
}

/** How an object becomes a row. */
export interface RowShape {
  readonly columns: Columns;
  /** Member names by column, if they differ. */
  readonly fields?: Readonly<Record<string, MemberName>>;
  /** Computes column values; they override those read from members. */
  readonly derive?: (members: Members) => Readonly<Record<string, Value>>;
  /** Members that feed a derived column, or that need no column; not reported as new. */
  readonly known?: readonly string[];
}

interface KeyedShape extends RowShape {
  /** The columns that tell rows apart: they hold a string or a number, or nothing. */
  readonly primaryKey?: readonly string[] | undefined;
}

/** The column that holds the whole object as the service spelled it. */
export const rawColumn = "raw";

/** A column, and where its members are among the names of an object. */
interface ColumnBinding {
  readonly column: string;
  readonly type: ColumnType;
  readonly isKey: boolean;
  readonly indexes: readonly number[];
}

/** A mapper that reads each column from the member of its name (or of `fields`). */
export function newRowMapper({
  columns,
  primaryKey = [],
  fields = {},
  derive,
  known = [],
}: KeyedShape): RowMapper {
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const declared = Object.entries(columns).map(([column, type]) => {
    const isKey = primaryKey.includes(column) && type !== "json" && type !== "boolean";
    return { column, type, isKey, names: [fields[column] ?? column].flat() };
  });
  const expected = new Set([...known, ...declared.flatMap(({ names }) => names)]);
  const reader = new ObjectReader();
  const bind = (memberNames: readonly string[]): readonly ColumnBinding[] => {
    for (const name of memberNames) (expected.has(name) ? seen : unknown).add(name);
    return declared.map(({ names, ...binding }) => {
      const indexes = names
        .map((name) => memberNames.lastIndexOf(name))
        .filter((index) => index >= 0);
      return { ...binding, indexes };
    });
  };
  let last = { names: [] as readonly string[], bindings: bind([]) };
  // Rows are copies of it, so that V8 gives them all the same shape at once.
  const empty: Row = Object.fromEntries(declared.map(({ column }) => [column, null]));
  return {
    unknownMembers: unknown,
    seenMembers: seen,
    toRow(text) {
      const members = reader.read(text);
      if (!members) return undefined;
      const { names } = members;
      if (names !== last.names) last = { names, bindings: bind(names) };
      const row: Record<string, Value> = { ...empty };
      for (const binding of last.bindings) {
        const { column } = binding;
        if (column === rawColumn) row[column] = text;
        else if (binding.indexes.length > 0) row[column] = firstNonNull(members, binding);
      }
      return derive ? Object.assign(row, derive(members)) : row;
    },
  };
}

function firstNonNull(members: ObjectMembers, { type, isKey, indexes }: ColumnBinding): Value {
  for (const index of indexes) {
    if (members.isNull(index)) continue;
    return isKey && !members.isText(index) ? null : columnValue(members, type, index);
  }
  return null;
}

/** The JSON text of the first of these members that is present and not null. */
export function firstPresent(members: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const slice = members.get(name);
    if (slice !== undefined && slice !== "null") return slice;
  }
  return undefined;
}

function columnValue(members: ObjectMembers, type: ColumnType, index: number): Value {
  if (type === "json") return members.at(index);
  const value = members.textAt(index);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}
