import { members, plain } from "./json-text.ts";
import type { ColumnType, Columns, Row, Value } from "./schema.ts";

/** Where a column's value stands in the service's object: a member's name, or several of which the first that is present counts. */
export type Field = string | readonly string[];

/** Makes rows of the service's objects. */
export interface RowReader {
  /** The row of one object; undefined where the text is no object. */
  row(text: string): Row | undefined;
  /** Members seen that no column was made for, and columns of which no row had a value. */
  readonly unknown: ReadonlySet<string>;
  readonly seen: ReadonlySet<string>;
}

export interface RowShape {
  readonly columns: Columns;
  /** Members whose name is not the column's. */
  readonly fields?: Readonly<Record<string, Field>>;
  /** Columns that somebody else fills. */
  readonly without?: readonly string[];
}

/** The column that holds the whole object as the service spelled it. */
export const rawColumn = "raw";

/** A reader that takes each column from the member of its name (or of `fields`), and `raw` from the whole text. */
export function rowReader({ columns, fields = {}, without = [] }: RowShape): RowReader {
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const wanted = Object.entries(columns)
    .filter(([column]) => !without.includes(column))
    .map(([column, type]) => ({ column, type, names: [fields[column] ?? column].flat() }));
  const known = new Set(wanted.flatMap(({ names }) => names));
  return {
    unknown,
    seen,
    row(text) {
      const slices = members(text);
      if (!slices) return undefined;
      for (const name of slices.keys()) (known.has(name) ? seen : unknown).add(name);
      const row: Record<string, Value> = {};
      for (const { column, type, names } of wanted) {
        row[column] = column === rawColumn ? text : value(type, firstPresent(slices, names));
      }
      return row;
    },
  };
}

/** A slice as the value of a column of this type. */
export function value(type: ColumnType, slice: string | undefined): Value {
  if (slice === undefined || slice === "null") return null;
  if (type === "json") return slice;
  if (type === "boolean" && (slice === "true" || slice === "false")) return slice === "true";
  return plain(slice);
}

function firstPresent(
  slices: ReadonlyMap<string, string>,
  names: readonly string[],
): string | undefined {
  for (const name of names) {
    const slice = slices.get(name);
    if (slice !== undefined && slice !== "null") return slice;
  }
  return undefined;
}
