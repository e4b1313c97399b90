import { elements, members, emptyMembers, plain } from "../json/text-scanner.ts";
import type { Columns, ColumnType, Key, Value } from "../core/schema.ts";
import type { Range, Sweep } from "../core/source.ts";
import { ValueError } from "../core/value.ts";
import { parseValue, formatValue } from "./json-value.ts";

/**
 * What rivulet's own tap says besides, in the member `rivulet` of a message. Other targets do not look at it.
 *
 * `sweeps`, of a RECORD or a STATE: parts of tables of which everything was shown before this message. `update`, of a RECORD: it holds the key and
 * some columns only, and counts for nothing where the row is not there. `texts`, of a RECORD: JSON columns whose
 * spelling the record could not keep. `identity`, of a SCHEMA: what is copied; there `sweeps` tell what is gone, and versions do not.
 */
export interface Extension {
  readonly sweeps: readonly SweepText[];
  readonly texts: ReadonlyMap<string, string>;
  readonly identity: string | undefined;
  readonly stamped: readonly string[];
  readonly isUpdate: boolean;
}

/** A sweep as JSON text, which can be read once the columns of its stream are known. */
export interface SweepText {
  readonly stream: string;
  readonly text: string;
}

/** Reads the member. */
export function parseExtension(text: string): Extension {
  const found = members(text);
  const sweeps = elements(found?.get("sweeps") ?? "[]") ?? [];
  const texts = members(found?.get("texts") ?? "{}") ?? emptyMembers;
  return {
    sweeps: sweeps.map((sweep) => ({
      stream: plain(members(sweep)?.get("stream")) ?? "",
      text: sweep,
    })),
    texts: new Map([...texts].map(([column, slice]) => [column, plain(slice) ?? ""])),
    identity: plain(found?.get("identity")),
    isUpdate: found?.get("update") === "true",
    stamped: (elements(found?.get("stamped") ?? "[]") ?? []).map((slice) => plain(slice) ?? ""),
  };
}

/** The stream whose rows are swept, by name and shape. */
export interface SweptTable {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
}

/** The columns that a sweep is about. */
export function sweepColumns(sweep: Omit<Sweep, "keys">, { primaryKey }: SweptTable): string[] {
  const { where = {}, range, by = primaryKey } = sweep;
  return [...Object.keys(where), ...(range ? [range.column] : []), ...by];
}

/** A sweep as JSON text; undefined where no row can be in its part. */
export function formatSweep(sweep: Sweep, swept: SweptTable): string | undefined {
  const { name: stream, columns, primaryKey } = swept;
  const { where, range, by, again } = sweep;
  const text = (column: string, value: Value): string =>
    formatValue(columns[column] ?? "string", value);
  const object = (values: Readonly<Record<string, Value>>): string =>
    formatObject(Object.entries(values).map(([column, value]) => [column, text(column, value)]));
  try {
    return formatObject([
      ["stream", JSON.stringify(stream)],
      ...(where ? [["where", object(where)] as const] : []),
      ...(range ? [["range", formatRange(range, text)] as const] : []),
      ...(by ? [["by", JSON.stringify(by)] as const] : []),
      ...(again === true ? [["again", "true"] as const] : []),
      ["keys", `[${[...formatKeys(sweep.keys, by ?? primaryKey, text)].join(",")}]`],
    ]);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

type FormatColumn = (column: string, value: Value) => string;

function formatRange({ column, from, below }: Range, text: FormatColumn): string {
  return formatObject([
    ["column", JSON.stringify(column)],
    ...(from == null ? [] : [["from", text(column, from)] as const]),
    ...(below == null ? [] : [["below", text(column, below)] as const]),
  ]);
}

/** Keys that no row can have are left out. */
function* formatKeys(
  keys: readonly Key[],
  columns: readonly string[],
  text: FormatColumn,
): Generator<string> {
  for (const key of keys) {
    try {
      yield `[${columns.map((column, index) => text(column, key[index])).join(",")}]`;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
    }
  }
}

/** An object as JSON text, of members that are. */
export function formatObject(entries: readonly (readonly [name: string, text: string])[]): string {
  return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

/** The sweep that a text stands for. */
export function parseSweep(text: string, { columns, primaryKey }: SweptTable): Sweep {
  const found = members(text) ?? emptyMembers;
  const value = (column: string, slice: string): Value =>
    parseValue(columns[column] ?? ("string" satisfies ColumnType), slice);
  const by = parseNames(found.get("by"));
  const range = found.get("range");
  const where = members(found.get("where") ?? "");
  const keys = (elements(found.get("keys") ?? "[]") ?? []).map((key) =>
    (elements(key) ?? []).map((slice, index) => value((by ?? primaryKey)[index] ?? "", slice)),
  );
  return {
    keys,
    ...(by ? { by } : {}),
    ...(range === undefined ? {} : { range: parseRange(range, value) }),
    ...(where
      ? {
          where: Object.fromEntries([...where].map(([name, slice]) => [name, value(name, slice)])),
        }
      : {}),
    ...(found.get("again") === "true" ? { again: true } : {}),
  };
}

function parseRange(text: string, value: (column: string, slice: string) => Value): Range {
  const found = members(text) ?? emptyMembers;
  const column = plain(found.get("column")) ?? "";
  const [from, below] = [found.get("from"), found.get("below")];
  return {
    column,
    ...(from === undefined ? {} : { from: value(column, from) }),
    ...(below === undefined ? {} : { below: value(column, below) }),
  };
}

function parseNames(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : (elements(text) ?? []).map((slice) => plain(slice) ?? "");
}
