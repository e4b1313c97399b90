import { ObjectReader, type ObjectMembers, type Members } from "./object-reader.ts";
import type { ColumnType, Columns, Row, Value } from "../core/schema.ts";

/** Where a column's value stands in the service's object: a member's name, or several of which the first that is present counts. */
export type MemberName = string | readonly string[];

/** Makes rows of the service's objects. */
export interface RowMapper {
  /** The row of one object; undefined where the text is no object. */
  toRow(text: string): Row | undefined;
  /** Members seen that feed no column. */
  readonly unknownMembers: ReadonlySet<string>;
  /** Members seen that feed one. */
  readonly seenMembers: ReadonlySet<string>;
}

export interface RowShape {
  readonly columns: Columns;
  /** Members whose name is not the column's. */
  readonly fields?: Readonly<Record<string, MemberName>>;
  /** Makes what is not simply a member: these values win over those that were found. */
  readonly derive?: (members: Members) => Readonly<Record<string, Value>>;
  /** Members that feed a derived column, or that are known and need none. */
  readonly known?: readonly string[];
}

/** The column that holds the whole object as the service spelled it. */
export const rawColumn = "raw";

/** A column, and its member's places among the names of an object. */
interface ColumnBinding {
  readonly column: string;
  readonly type: ColumnType;
  readonly places: readonly number[];
}

/** A reader that takes each column from the member of its name (or of `fields`), and `raw` from the whole text. */
export function newRowMapper({ columns, fields = {}, derive, known = [] }: RowShape): RowMapper {
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const declared = Object.entries(columns).map(([column, type]) => {
    return { column, type, names: [fields[column] ?? column].flat() };
  });
  const expected = new Set([...known, ...declared.flatMap(({ names }) => names)]);
  const reader = new ObjectReader();
  const wantedIn = (found: readonly string[]): readonly ColumnBinding[] => {
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
    unknownMembers: unknown,
    seenMembers: seen,
    toRow(text) {
      const found = reader.read(text);
      if (!found) return undefined;
      const { names } = found;
      if (names !== last.names) last = { names, wanted: wantedIn(names) };
      const row: Record<string, Value> = { ...empty };
      for (const { column, type, places } of last.wanted) {
        if (column === rawColumn) row[column] = text;
        else if (places.length > 0) row[column] = firstNonNull(found, { type, places });
      }
      return derive ? Object.assign(row, derive(found)) : row;
    },
  };
}

/** The value of the first of these members that is not null. */
function firstNonNull(
  found: ObjectMembers,
  { type, places }: Pick<ColumnBinding, "type" | "places">,
): Value {
  for (const place of places) {
    if (!found.isNull(place)) return columnValue(found, type, place);
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
function columnValue(found: ObjectMembers, type: ColumnType, place: number): Value {
  if (type === "json") return found.at(place);
  const value = found.textAt(place);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}
