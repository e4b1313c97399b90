import type { ColumnType, Value } from "../core/schema.ts";
import { canonical, ValueError } from "../core/value.ts";
import { escapeLoneSurrogates, escapeUnstorable } from "../destination/sql/text-escaping.ts";
import type { WriteValue } from "./wire.ts";

type NonNullValue = Exclude<Value, null | undefined>;

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
export function encodeValue(type: ColumnType, value: Value): WriteValue {
  return value == null ? writeNull : encode[type](value);
}

const encode: Readonly<Record<ColumnType, (value: NonNullValue) => WriteValue>> = {
  boolean: (value) => {
    const truth = canonical.boolean(value) === true;
    return (writer) => writer.uint32(tags.boolean).bool(truth);
  },
  integer: (value) => {
    const fraction = fractionOf(value);
    if (fraction !== undefined) return encodeDouble(fraction);
    const exact = toInt64(canonical.integer(value));
    return (writer) => writer.uint32(tags.integer).int64(exact);
  },
  double: (value) => encodeDouble(Number(canonical.double(value))),
  decimal: (value) => encodeText("decimal", String(canonical.decimal(value))),
  date: (value) => encodeInstant("date", `${String(canonical.date(value))}T00:00:00.000000Z`),
  timestamp: (value) => encodeInstant("timestamp", String(canonical.timestamp(value))),
  string: (value) => encodeText("string", escapeText(String(canonical.string(value)))),
  binary: (value) => {
    const bytes = canonical.binary(value) as Uint8Array;
    return (writer) => writer.uint32(tags.binary).bytes(bytes);
  },
  json: (value) => encodeText("json", escapeLoneSurrogates(String(canonical.json(value)))),
};

function encodeDouble(number: number): WriteValue {
  return (writer) => writer.uint32(tags.double).double(number);
}

function encodeText(type: "decimal" | "string" | "json", content: string): WriteValue {
  return (writer) => writer.uint32(tags[type]).string(content);
}

/** As in a database: what UTF-8 cannot hold is spelled out, and what looks like it. */
function escapeText(content: string): string {
  return content.isWellFormed() && !content.includes("\\u") ? content : escapeUnstorable(content);
}

/** Fixed-width UTC text as a `Timestamp`: microseconds are exact. */
function encodeInstant(type: "date" | "timestamp", utc: string): WriteValue {
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
function toInt64(value: NonNullValue): number | { low: number; high: number; unsigned: boolean } {
  if (typeof value !== "bigint") return Number(value);
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n), unsigned: false };
}

/** A fraction that was sent for an integer: Fivetran widens the column when it meets a double, as a database does. */
function fractionOf(value: NonNullValue): number | undefined {
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
