import type { Columns, ColumnType, Row, Value } from "../core/schema.ts";
import type { Stream } from "../core/source.ts";
import { canonical, ValueError } from "../core/value.ts";
import { collectionKeys, renameReservedColumns } from "./reserved-keys.ts";

/** The types of the C8 contract that our columns have; its `int` and `float` are of 32 bits, which no column is limited to. */
export type SchemaAttributeType = "bool" | "long" | "double" | "string" | "object";

/** A stream as the C8 contract describes it, with the names that its columns get in a collection. */
export interface C8Schema {
  readonly name: string;
  readonly attributes: readonly { readonly name: string; readonly type: SchemaAttributeType }[];
}

/** A sample as the C8 contract has it. */
export interface C8Sample {
  readonly schema: C8Schema;
  readonly data: readonly Readonly<Record<string, unknown>>[];
}

const attributeTypes: Readonly<Record<ColumnType, SchemaAttributeType>> = {
  boolean: "bool",
  integer: "long",
  double: "double",
  decimal: "string",
  date: "string",
  timestamp: "string",
  string: "string",
  binary: "string",
  json: "object",
};

/** The schema of a stream. */
export function c8Schema({ name, columns, primaryKey }: Stream): C8Schema {
  const names = collectionNames(columns, primaryKey);
  const attributes = Object.entries(columns).map(([column, type]) => ({
    name: names.get(column) ?? column,
    type: attributeTypes[type],
  }));
  return { name, attributes };
}

/** Rows with their schema, their values as JSON has them. */
export function c8Sample(stream: Stream, rows: readonly Row[]): C8Sample {
  const { columns, primaryKey } = stream;
  const names = collectionNames(columns, primaryKey);
  const data = rows.map((row) =>
    Object.fromEntries(
      Object.entries(columns).map(([column, type]) => [
        names.get(column) ?? column,
        jsonValue(type, row[column]),
      ]),
    ),
  );
  return { schema: c8Schema(stream), data };
}

function collectionNames(columns: Columns, primaryKey: readonly string[]) {
  return renameReservedColumns(Object.keys(columns), primaryKey, collectionKeys);
}

function jsonValue(type: ColumnType, value: Value): unknown {
  if (value == null) return null;
  try {
    const one = canonical[type](value);
    return type === "json" && typeof one === "string" ? parseUnlessRounded(one) : plainValue(one);
  } catch (error) {
    // A sync would put the row into quarantine; a sample shows what the service sent.
    if (error instanceof ValueError) return plainValue(value);
    throw error;
  }
}

function plainValue(value: Value): Value {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/** More digits than a double holds for certain; also in texts, which does no harm. */
const longNumber = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** JSON text as what it stands for, or as it is where its numbers would be rounded by that. */
function parseUnlessRounded(text: string): unknown {
  return longNumber.test(text) ? text : JSON.parse(text);
}
