import type { Columns, ColumnType, Key, Value } from "../core/schema.ts";
import type { Range, Sweep } from "../core/source.ts";
import { ValueError } from "../core/value-error.ts";
import { elements, emptyMembers, members, plain } from "../json/text-scanner.ts";
import { formatValue, parseValue } from "./json-value.ts";

/**
 * What rivulet's own tap adds to a message, in its member `rivulet`. Other targets ignore it.
 */
export interface Extension {
  /** On RECORD and STATE: ranges that were listed completely before this message. */
  readonly sweeps: readonly SweepText[];
  /** On RECORD: JSON columns whose exact text the record could not carry, by column. */
  readonly texts: ReadonlyMap<string, string>;
  /** On SCHEMA: what the tap copies. If set, deletions come from `sweeps`, not from versions. */
  readonly identity: string | undefined;
  /** On SCHEMA: the stream's `stamped` columns. */
  readonly stamped: readonly string[];
  /** On RECORD: the key and some columns only; ignored if the row does not exist. */
  readonly isUpdate: boolean;
}

/** A sweep as JSON text; parsing it takes the columns of its stream. */
export interface SweepText {
  readonly stream: string;
  readonly text: string;
}

/** Parses the member `rivulet`, given as JSON text. */
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

/** The name and shape of the stream that a sweep applies to. */
interface SweptTable {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
}

/** The columns that a sweep refers to. */
export function sweepColumns(sweep: Omit<Sweep, "keys">, { primaryKey }: SweptTable): string[] {
  const { where = {}, range, by = primaryKey } = sweep;
  return [...Object.keys(where), ...(range ? [range.column] : []), ...by];
}

/** Formats a sweep as JSON text; undefined if its range or filter can match no row. */
export function formatSweep(sweep: Sweep, table: SweptTable): string | undefined {
  const { name: stream, columns, primaryKey } = table;
  const { where, range, by, again } = sweep;
  const format = (column: string, value: Value): string =>
    formatValue(columns[column] ?? "string", value);
  const object = (values: Readonly<Record<string, Value>>): string =>
    formatObject(Object.entries(values).map(([column, value]) => [column, format(column, value)]));
  try {
    return formatObject([
      ["stream", JSON.stringify(stream)],
      ...(where ? [["where", object(where)] as const] : []),
      ...(range ? [["range", formatRange(range, format)] as const] : []),
      ...(by ? [["by", JSON.stringify(by)] as const] : []),
      ...(again === true ? [["again", "true"] as const] : []),
      ["keys", `[${[...formatKeys(sweep.keys, by ?? primaryKey, format)].join(",")}]`],
    ]);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

type FormatColumn = (column: string, value: Value) => string;

function formatRange({ column, from, below }: Range, format: FormatColumn): string {
  return formatObject([
    ["column", JSON.stringify(column)],
    ...(from == null ? [] : [["from", format(column, from)] as const]),
    ...(below == null ? [] : [["below", format(column, below)] as const]),
  ]);
}

/** Omits keys that no row can have. */
function* formatKeys(
  keys: readonly Key[],
  columns: readonly string[],
  format: FormatColumn,
): Generator<string> {
  for (const key of keys) {
    try {
      yield `[${columns.map((column, index) => format(column, key[index])).join(",")}]`;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
    }
  }
}

/** Formats an object as JSON text; the values are JSON text already. */
export function formatObject(entries: readonly (readonly [name: string, text: string])[]): string {
  return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

/** Parses what `formatSweep` wrote. */
export function parseSweep(text: string, { columns, primaryKey }: SweptTable): Sweep {
  const found = members(text) ?? emptyMembers;
  const parse = (column: string, slice: string): Value =>
    parseValue(columns[column] ?? ("string" satisfies ColumnType), slice);
  const by = parseNames(found.get("by"));
  const range = found.get("range");
  const where = members(found.get("where") ?? "");
  const keys = (elements(found.get("keys") ?? "[]") ?? []).map((key) =>
    (elements(key) ?? []).map((slice, index) => parse((by ?? primaryKey)[index] ?? "", slice)),
  );
  return {
    keys,
    ...(by ? { by } : {}),
    ...(range === undefined ? {} : { range: parseRange(range, parse) }),
    ...(where
      ? {
          where: Object.fromEntries([...where].map(([name, slice]) => [name, parse(name, slice)])),
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
