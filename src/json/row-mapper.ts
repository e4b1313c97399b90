import { MemberReader, type FoundMembers, type Members } from "./object-reader.ts";
import type { ColumnType, Columns, Row, Value } from "../core/schema.ts";

/** Where a column's value stands in the service's object: a member's name, or several of which the first that is present counts. */
export type Field = string | readonly string[];

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

/** A column, and its member's places among the names of an object. */
interface Wanted {
  readonly column: string;
  readonly type: ColumnType;
  readonly places: readonly number[];
}

/** A reader that takes each column from the member of its name (or of `fields`), and `raw` from the whole text. */
export function rowReader({ columns, fields = {}, derive, known = [] }: RowShape): RowReader {
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const declared = Object.entries(columns).map(([column, type]) => {
    return { column, type, names: [fields[column] ?? column].flat() };
  });
  const expected = new Set([...known, ...declared.flatMap(({ names }) => names)]);
  const reader = new MemberReader();
  const wantedIn = (found: readonly string[]): readonly Wanted[] => {
    for (const name of found) (expected.has(name) ? seen : unknown).add(name);
    return declared.map(({ column, type, names }) => {
      const places = names.map((name) => found.lastIndexOf(name)).filter((place) => place >= 0);
      return { column, type, places };
    });
  };
  let last = { names: [] as readonly string[], wanted: wantedIn([]) };
  // A copy of it has all columns from the beginning, instead of growing with each.
  const empty: Row = Object.fromEntries(declared.map(({ column }) => [column, null]));
  return {
    unknown,
    seen,
    row(text) {
      const found = reader.read(text);
      if (!found) return undefined;
      const { names } = found;
      if (names !== last.names) last = { names, wanted: wantedIn(names) };
      const row: Record<string, Value> = { ...empty };
      for (const { column, type, places } of last.wanted) {
        if (column === rawColumn) row[column] = text;
        else if (places.length > 0) row[column] = firstAt(found, { type, places });
      }
      return derive ? Object.assign(row, derive(found)) : row;
    },
  };
}

/** The value of the first of these members that is not null. */
function firstAt(found: FoundMembers, { type, places }: Pick<Wanted, "type" | "places">): Value {
  for (const place of places) {
    if (!found.isNull(place)) return valueAt(found, type, place);
  }
  return null;
}

/** The first of these members that is there and not null. */
export function firstPresent(found: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const slice = found.get(name);
    if (slice !== undefined && slice !== "null") return slice;
  }
  return undefined;
}

/** A member as the value of a column of this type. */
function valueAt(found: FoundMembers, type: ColumnType, place: number): Value {
  if (type === "json") return found.at(place);
  const value = found.plainAt(place);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}
