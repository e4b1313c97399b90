import { isBeforeInBytes } from "../../core/byte-order.ts";
import type { CanonicalValue, Value } from "../../core/schema.ts";
import type { Range, Sweep } from "../../core/source.ts";
import { canonical } from "../../core/value.ts";
import { ValueError } from "../../core/value-error.ts";
import type { PreparedTable } from "./dialect.ts";
import { boundedKey } from "./key-text.ts";
import type { WritableTable } from "./writable-table.ts";

/** Column values that say which sweep removes a quarantine entry. Unknown columns are absent. */
export type EntryLocation = Readonly<Record<string, Value>>;

/** Values that sweeps compare are short; longer ones would only waste space. */
const maxValueLength = 100;

/** The location of a rejected row's entry. */
export function locationOf({ columns }: PreparedTable, row: EntryLocation): EntryLocation {
  const short = columns.filter(({ source, type }) => {
    const value = Object.hasOwn(row, source) ? row[source] : undefined;
    if (value == null || typeof value === "object" || type === "binary") return false;
    return String(value).length <= maxValueLength;
  });
  return Object.fromEntries(short.map(({ source }) => [source, row[source]]));
}

/** A location as JSON text. A bigint becomes a string of its digits. */
export function formatLocation(location: EntryLocation): string {
  return JSON.stringify(location, (_name, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/**
 * A function that tells whether a sweep removes an entry: the entry lies in the swept part of the
 * table, and the sweep does not list it. An entry without a value in a column of `where` or `by` is
 * not removed. One without a value in the column of the range is removed by the sweep whose range
 * has no `from`, which ends a traversal.
 */
export function sweepMatcher(
  { table, encoder }: Pick<WritableTable, "table" | "encoder">,
  sweep: Sweep,
): (key: string, location: EntryLocation) => boolean {
  const { where = {}, range, by } = sweep;
  let listed: ReadonlySet<string> | undefined;
  const isListed = (key: string): boolean => {
    listed ??= new Set(sweep.keys.map((values) => boundedKey(encoder.keyText(values, by))));
    return listed.has(key);
  };
  const hasValue = (column: string, value: Value, location: EntryLocation): boolean =>
    column in location &&
    encoder.keyText([value], [column]) === encoder.keyText([location[column]], [column]);
  return (key, location) => {
    if (!Object.entries(where).every(([column, value]) => hasValue(column, value, location)))
      return false;
    if (range && !isInRange(table, range, location[range.column])) return false;
    if (!by) return !isListed(key);
    const values = by.map((column) => location[column]);
    return (
      values.every((value) => value != null) && !isListed(boundedKey(encoder.keyText(values, by)))
    );
  };
}

function isInRange(
  { columns }: PreparedTable,
  { column, from, below }: Range,
  value: Value,
): boolean {
  const type = columns.find(({ source }) => source === column)?.type ?? "string";
  const toCanonical = (raw: Value): CanonicalValue | undefined => {
    try {
      return raw == null ? undefined : canonical[type](raw);
    } catch (error) {
      if (error instanceof ValueError) return undefined;
      throw error;
    }
  };
  const [position, start, end] = [toCanonical(value), toCanonical(from), toCanonical(below)];
  if (position === undefined) return start === undefined;
  return (
    (start === undefined || !isLess(position, start)) &&
    (end === undefined || isLess(position, end))
  );
}

/** Compares text by bytes, as the databases do. */
function isLess(a: CanonicalValue, b: CanonicalValue): boolean {
  if (typeof a !== "string" || typeof b !== "string") return a < b;
  return isBeforeInBytes(a, b);
}
