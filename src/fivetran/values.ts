import type { ColumnType, Value } from "../core/schema.ts";
import { canonical, ValueError } from "../core/value.ts";
import { escapeLoneSurrogates, spellOut } from "../destination/sql/text-escaping.ts";
import type { WriteValue } from "./wire.ts";

type Known = Exclude<Value, null | undefined>;

/** Fivetran's names of the types of columns. */
export const dataTypes = {
  boolean: "BOOLEAN",
  integer: "LONG",
  double: "DOUBLE",
  decimal: "DECIMAL",
  date: "NAIVE_DATE",
  timestamp: "UTC_DATETIME",
  string: "STRING",
  binary: "BINARY",
  json: "JSON",
} as const satisfies Record<ColumnType, string>;

/** Tags of the members of `ValueType` in `proto/common.proto`: number, then wire type. */
const tags = {
  null: 1 << 3,
  boolean: 2 << 3,
  integer: 5 << 3,
  double: (7 << 3) | 1,
  date: (8 << 3) | 2,
  timestamp: (10 << 3) | 2,
  decimal: (11 << 3) | 2,
  binary: (12 << 3) | 2,
  string: (13 << 3) | 2,
  json: (14 << 3) | 2,
} as const satisfies Record<ColumnType | "null", number>;

const writeNull: WriteValue = (writer) => writer.uint32(tags.null).bool(true);

/** How a value of a column goes over the wire. Throws a ValueError where the column cannot hold it. */
export function valueOf(type: ColumnType, value: Value): WriteValue {
  return value == null ? writeNull : encode[type](value);
}

const encode: Readonly<Record<ColumnType, (value: Known) => WriteValue>> = {
  boolean: (value) => {
    const truth = canonical.boolean(value) === true;
    return (writer) => writer.uint32(tags.boolean).bool(truth);
  },
  integer: (value) => {
    const fraction = fractionOf(value);
    if (fraction !== undefined) return double(fraction);
    const exact = longOf(canonical.integer(value));
    return (writer) => writer.uint32(tags.integer).int64(exact);
  },
  double: (value) => double(Number(canonical.double(value))),
  decimal: (value) => text("decimal", String(canonical.decimal(value))),
  date: (value) => instant("date", `${String(canonical.date(value))}T00:00:00.000000Z`),
  timestamp: (value) => instant("timestamp", String(canonical.timestamp(value))),
  string: (value) => text("string", spelled(String(canonical.string(value)))),
  binary: (value) => {
    const bytes = canonical.binary(value) as Uint8Array;
    return (writer) => writer.uint32(tags.binary).bytes(bytes);
  },
  json: (value) => text("json", escapeLoneSurrogates(String(canonical.json(value)))),
};

function double(number: number): WriteValue {
  return (writer) => writer.uint32(tags.double).double(number);
}

function text(type: "decimal" | "string" | "json", content: string): WriteValue {
  return (writer) => writer.uint32(tags[type]).string(content);
}

/** As in a database: what UTF-8 cannot hold is spelled out, and what looks like it. */
function spelled(content: string): string {
  return content.isWellFormed() && !content.includes("\\u") ? content : spellOut(content);
}

/** Fixed-width UTC text as a `Timestamp`: microseconds are exact. */
function instant(type: "date" | "timestamp", utc: string): WriteValue {
  const seconds = Date.parse(`${utc.slice(0, 19)}Z`) / 1000;
  const nanos = Number(utc.slice(20, 26)) * 1000;
  return (writer) =>
    writer
      .uint32(tags[type])
      .fork()
      .uint32(1 << 3)
      .int64(seconds)
      .uint32(2 << 3)
      .int32(nanos)
      .ldelim();
}

/** The halves of an integer that a number cannot hold. */
function longOf(value: Known): number | { low: number; high: number; unsigned: boolean } {
  if (typeof value !== "bigint") return Number(value);
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n), unsigned: false };
}

/** A fraction that was sent for an integer: Fivetran widens the column when it meets a double, as a database does. */
function fractionOf(value: Known): number | undefined {
  if (typeof value === "bigint" || typeof value === "boolean") return undefined;
  try {
    const number = canonical.double(value);
    const isFraction = Number.isFinite(number) && !Number.isInteger(number);
    return isFraction ? Number(number) : undefined;
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}
