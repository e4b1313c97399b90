import type { ColumnType, Value } from "../core/schema.ts";
import { canonical, isFraction } from "../core/value.ts";
import { escapeLoneSurrogates, escapeUnstorable } from "../destination/sql/text-escaping.ts";
import type { WriteValue } from "./wire.ts";

type NonNullValue = Exclude<Value, null | undefined>;

/** Fivetran's data type for each column type. */
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

/** Protobuf tags of the members of `ValueType` in `proto/common.proto`: number and wire type. */
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

/**
 * Encodes a column's value as a `ValueType`.
 *
 * @throws ValueError if the column cannot hold it
 */
export function encodeValue(type: ColumnType, value: Value): WriteValue {
  return value == null ? writeNull : encode[type](value);
}

const encode: Readonly<Record<ColumnType, (value: NonNullValue) => WriteValue>> = {
  boolean: (value) => {
    const isTrue = canonical.boolean(value) === true;
    return (writer) => writer.uint32(tags.boolean).bool(isTrue);
  },
  integer: (value) => {
    // Fivetran widens the column when it receives a double, as a database does.
    if (isFraction(value)) return encodeDouble(Number(canonical.double(value)));
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

/** Escapes as for a database: what UTF-8 cannot encode, and text that looks like an escape. */
function escapeText(content: string): string {
  return content.isWellFormed() && !content.includes("\\u") ? content : escapeUnstorable(content);
}

/** Encodes fixed-width UTC text as a `Timestamp`, to the microsecond. */
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

/** The two halves of an integer that a double cannot represent. */
function toInt64(value: NonNullValue): number | { low: number; high: number; unsigned: boolean } {
  if (typeof value !== "bigint") return Number(value);
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n), unsigned: false };
}
