import { members, plain } from "./json-text.ts";
import type { ColumnType, Columns, Row, Value } from "./schema.ts";

/** Where a column's value stands in the service's object: a member's name, or several of which the first that is present counts. */
export type Field = string | readonly string[];

/** The members of an object, each as the service spelled it. */
export type Members = ReadonlyMap<string, string>;

/** Makes rows of the service's objects. */
export interface RowReader {
  /** The row of one object; undefined where the text is no object. */
  row(text: string): Row | undefined;
  /** Members seen that feed no column. */
  readonly unknown: ReadonlySet<string>;
  /** Members seen that feed one. */
  readonly seen: ReadonlySet<string>;
}

export interface RowShape {
  readonly columns: Columns;
  /** Members whose name is not the column's. */
  readonly fields?: Readonly<Record<string, Field>>;
  /** Makes what is not simply a member: these values win over those that were found. */
  readonly derive?: (members: Members) => Readonly<Record<string, Value>>;
  /** Members that feed a derived column, or that are known and need none. */
  readonly known?: readonly string[];
}

/** The column that holds the whole object as the service spelled it. */
export const rawColumn = "raw";

/** A reader that takes each column from the member of its name (or of `fields`), and `raw` from the whole text. */
export function rowReader({ columns, fields = {}, derive, known = [] }: RowShape): RowReader {
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const wanted = Object.entries(columns).map(([column, type]) => {
    return { column, type, names: [fields[column] ?? column].flat() };
  });
  const expected = new Set([...known, ...wanted.flatMap(({ names }) => names)]);
  return {
    unknown,
    seen,
    row(text) {
      const found = members(text);
      if (!found) return undefined;
      for (const name of found.keys()) (expected.has(name) ? seen : unknown).add(name);
      const row: Record<string, Value> = {};
      for (const { column, type, names } of wanted) {
        row[column] = column === rawColumn ? text : valueOf(type, firstPresent(found, names));
      }
      return derive ? Object.assign(row, derive(found)) : row;
    },
  };
}

/** The first of these members that is there and not null. */
export function firstPresent(found: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const slice = found.get(name);
    if (slice !== undefined && slice !== "null") return slice;
  }
  return undefined;
}

/** A slice as the value of a column of this type. */
function valueOf(type: ColumnType, slice: string | undefined): Value {
  if (slice === undefined || slice === "null") return null;
  if (type === "json") return slice;
  if (type === "boolean" && (slice === "true" || slice === "false")) return slice === "true";
  return plain(slice);
}
