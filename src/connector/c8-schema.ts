import { describedJson } from "../core/json-text.ts";
import type { Columns, ColumnType, Row, Value } from "../core/schema.ts";
import type { Stream } from "../core/source.ts";
import { canonical } from "../core/value.ts";
import { ValueError } from "../core/value-error.ts";
import { collectionKeys, renameReservedColumns } from "./reserved-keys.ts";

/** The types of the C8 contract that columns map to. Its `int` and `float` have only 32 bits. */
type SchemaAttributeType = "bool" | "long" | "double" | "string" | "object";

/** A stream as the C8 contract describes it, with the names of its columns in a collection. */
interface C8Schema {
  readonly name: string;
  readonly attributes: readonly { readonly name: string; readonly type: SchemaAttributeType }[];
}

/** A sample in the form of the C8 contract. */
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

/** A stream's schema in the form of the C8 contract. */
export function c8Schema({ name, columns, primaryKey }: Stream): C8Schema {
  const names = collectionNames(columns, primaryKey);
  const attributes = Object.entries(columns).map(([column, type]) => ({
    name: names.get(column) ?? column,
    type: attributeTypes[type],
  }));
  return { name, attributes };
}

/** Rows with their schema, and values that JSON can represent without loss. */
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
    const result = canonical[type](value);
    return type === "json" && typeof result === "string"
      ? parseUnlessRounded(result)
      : plainValue(result);
  } catch (error) {
    // A sync would quarantine the row; a sample shows what the service sent.
    if (error instanceof ValueError) return plainValue(value);
    throw error;
  }
}

function plainValue(value: Value): Value {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "object" && value !== null ? describedJson(value) : value;
}

/**
 * Matches numbers that a double may not represent. Also matches inside strings, which is harmless.
 */
const longNumber = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** Parses JSON text, or returns it unchanged if parsing might round a number. */
function parseUnlessRounded(text: string): unknown {
  return longNumber.test(text) ? text : JSON.parse(text);
}
