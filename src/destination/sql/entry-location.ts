import { isBeforeInBytes } from "../../core/byte-order.ts";
import type { Value } from "../../core/schema.ts";
import type { Range, Sweep } from "../../core/source.ts";
import { canonical, ValueError } from "../../core/value.ts";
import type { PresentValue, PreparedTable } from "./dialect.ts";
import type { WritableTable } from "./writable-table.ts";
import { boundedKey } from "./key-text.ts";

/** Where an entry in quarantine stands: values of columns, as far as they are known. */
export type EntryLocation = Readonly<Record<string, Value>>;

/** Longer values would only be in the way: what sweeps go by is short. */
const maxLength = 100;

/** Where a row stands that its table does not hold. */
export function locationOf({ columns }: PreparedTable, row: EntryLocation): EntryLocation {
  const short = columns.filter(({ source, type }) => {
    const value = Object.hasOwn(row, source) ? row[source] : undefined;
    return value != null && type !== "binary" && String(value).length <= maxLength;
  });
  return Object.fromEntries(short.map(({ source }) => [source, row[source]]));
}

/** A place as JSON text. An integer that a number cannot hold becomes its digits. */
export function formatLocation(place: EntryLocation): string {
  return JSON.stringify(place, (_name, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/**
 * Says of entries, by their key and place, whether a sweep covers them: what they stand for was not shown, though all of that part was.
 * What is not known to be in the part is not covered, but for what has no place in the range: the end of a walk covers that.
 */
export function sweepMatcher(
  { table, encoder }: Pick<WritableTable, "table" | "encoder">,
  sweep: Sweep,
): (key: string, place: EntryLocation) => boolean {
  const { where = {}, range, by } = sweep;
  let shown: ReadonlySet<string> | undefined;
  const isShown = (key: string): boolean => {
    shown ??= new Set(sweep.keys.map((values) => boundedKey(encoder.keyText(values, by))));
    return shown.has(key);
  };
  const isThere = (column: string, value: Value, place: EntryLocation): boolean =>
    column in place &&
    encoder.keyText([value], [column]) === encoder.keyText([place[column]], [column]);
  return (key, place) => {
    if (!Object.entries(where).every(([column, value]) => isThere(column, value, place)))
      return false;
    if (range && !isInRange(table, range, place[range.column])) return false;
    if (!by) return !isShown(key);
    const values = by.map((column) => place[column]);
    return (
      values.every((value) => value != null) && !isShown(boundedKey(encoder.keyText(values, by)))
    );
  };
}

function isInRange(
  { columns }: PreparedTable,
  { column, from, below }: Range,
  value: Value,
): boolean {
  const type = columns.find(({ source }) => source === column)?.type ?? "string";
  const form = (sent: Value): PresentValue | undefined => {
    try {
      return sent == null ? undefined : canonical[type](sent);
    } catch (error) {
      if (error instanceof ValueError) return undefined;
      throw error;
    }
  };
  const [at, start, end] = [form(value), form(from), form(below)];
  if (at === undefined) return start === undefined;
  return (start === undefined || !isLess(at, start)) && (end === undefined || isLess(at, end));
}

/** Text in the order of its bytes, as the databases compare it. */
function isLess(a: PresentValue, b: PresentValue): boolean {
  if (typeof a !== "string" || typeof b !== "string") return a < b;
  return isBeforeInBytes(a, b);
}
