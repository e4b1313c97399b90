import type { ColumnType } from "../../core/schema.ts";
import { ValueError } from "../../core/value-error.ts";
import { anyValue, digitsWithin, type ColumnStorage } from "../sql/column-storage.ts";
import { escapeUnstorable } from "../sql/text-escaping.ts";

type Check = ColumnStorage["check"];

/** Equality by bytes, whatever the type or the collation takes as equal. */
const asBytes = '::text collate "C"';

/**
 * How a column of an existing table stores values of a type, if not in rivulet's own SQL type.
 * Undefined if it cannot. Lengths and precisions are checked before a row is sent, because Postgres
 * rounds what has too many digits.
 */
export function postgresStorage(type: ColumnType, existing: string): ColumnStorage | undefined {
  return storages[type]?.(existing);
}

const storages: Readonly<
  Partial<Record<ColumnType, (existing: string) => ColumnStorage | undefined>>
> = {
  integer: (existing) => integerStorage(existing) ?? numericStorage(existing),
  double: numericStorage,
  decimal: numericStorage,
  timestamp: timestampStorage,
  string: (existing) => textStorage(existing) ?? uuidStorage(existing) ?? enumStorage(existing),
  json: (existing) =>
    existing === "json"
      ? { sqlType: "json", check: anyValue, exactly: asBytes, keyProblem: "json has no order" }
      : textStorage(existing),
};

const integerLimits = new Map([
  ["integer", 2 ** 31],
  ["smallint", 2 ** 15],
]);

function integerStorage(existing: string): ColumnStorage | undefined {
  const limit = integerLimits.get(existing);
  if (limit === undefined) return undefined;
  const check: Check = (value) => {
    if (Number(value) < limit && Number(value) >= -limit) return;
    throw new ValueError(
      `expected an integer that a column of type ${existing} holds, got a larger one; change the column to bigint`,
    );
  };
  return { sqlType: existing, check, exactly: "" };
}

function numericStorage(existing: string): ColumnStorage | undefined {
  const parts = /^numeric(?:\((\d+),(-?\d+)\))?$/.exec(existing);
  if (!parts) return undefined;
  const [, precision, scale] = parts;
  const isUnlimited = precision === undefined || scale === undefined;
  const [before, after] = isUnlimited ? [131_072, 16_383] : [+precision - +scale, +scale];
  // A negative scale rounds the digits before the point.
  if (after < 0) return undefined;
  const fits = digitsWithin(before, after);
  const check: Check = (value) => {
    if (!Number.isNaN(value)) fits(value);
  };
  return { sqlType: "numeric", check, exactly: "", holdsFractions: after > 0 };
}

function timestampStorage(existing: string): ColumnStorage | undefined {
  const parts = /^timestamp(?:\((\d)\))? with(?:out)? time zone$/.exec(existing);
  if (!parts) return undefined;
  const digits = Number(parts[1] ?? "6");
  const sqlType = existing.replace(/\(\d\)/, "");
  return { sqlType, check: fractionWithin(digits), exactly: "" };
}

/** Canonical timestamps end with six digits and a Z. */
function fractionWithin(digits: number): Check {
  return (value) => {
    if (/^0*Z$/.test(String(value).slice(20 + digits))) return;
    throw new ValueError(
      `expected a timestamp of at most ${digits} digits after the seconds, as the column's type allows`,
    );
  };
}

function textStorage(existing: string): ColumnStorage | undefined {
  const parts =
    /^(text|character varying|(?:[^ ]*\.)?"?citext"?)(?:\((\d+)\))?( nondeterministic)?$/.exec(
      existing,
    );
  if (!parts) return undefined;
  const [, sqlType = "text", length, nondeterministic] = parts;
  const check = length === undefined ? anyValue : lengthWithin(Number(length));
  const isLoose = nondeterministic !== undefined || sqlType.includes("citext");
  const loose = { keyProblem: "it takes different texts as equal, so that two keys would be one" };
  return { sqlType, check, exactly: asBytes, ...(isLoose ? loose : {}) };
}

/** Postgres counts characters, and cuts spaces at the end that are too many. */
function lengthWithin(length: number): Check {
  return (value) => {
    const text = escapeUnstorable(String(value));
    if (text.length <= length || Array.from(text).length <= length) return;
    throw new ValueError(`expected at most ${length} characters, as the column's type allows`);
  };
}

function uuidStorage(existing: string): ColumnStorage | undefined {
  if (existing !== "uuid") return undefined;
  const check: Check = (value) => {
    if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(value))) return;
    throw new ValueError(
      "expected a UUID in lower case with hyphens, which the column's type would not change",
    );
  };
  return { sqlType: "uuid", check, exactly: "" };
}

/** The server refuses a text that is none of the enum's, and the row goes to quarantine. */
function enumStorage(existing: string): ColumnStorage | undefined {
  const [, sqlType] = /^enum (.*)$/.exec(existing) ?? [];
  return sqlType === undefined ? undefined : { sqlType, check: anyValue, exactly: "" };
}
