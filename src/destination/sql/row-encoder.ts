import { createHash } from "node:crypto";
import type { Key, Row, Value } from "../../core/schema.ts";
import { ValueError, canonical, isFraction } from "../../core/value.ts";
import type { PresentValue, PreparedTable, TypeMapping } from "./dialect.ts";
import type { SqlValue } from "./sql-value.ts";
import { keyText, rowText } from "./key-text.ts";

/** Makes what the driver takes of what the source sent, for one table. */
export interface Encoder {
  /** Appends a row's values, in the order of the table's columns. Throws a RowError, having appended nothing. */
  appendRow(row: Row, into: SqlValue[]): void;
  /** Those keys, values of the columns `by`, that a row can have. */
  encodeKeys(keys: readonly Key[], by?: readonly string[]): SqlValue[][];
  /** The value of one column. Throws a ValueError. */
  encodeValue(source: string, value: PresentValue): SqlValue;
  /** A key, values of the columns `by`, as JSON text: canonical as far as it can be. */
  keyText(key: Key, by?: readonly string[]): string;
  /** The key of a row as it is named in quarantine. One that lacks a value is told apart by the row's hash. */
  entryKey(row: Row): string;
}

/** A row that its table cannot hold, and why. */
export class RowError extends Error {
  override readonly name = "RowError";
  /** The integer column that was sent a fraction, and would have to be a double. */
  readonly fractionalColumn: string | undefined;

  constructor(message: string, { cause, fractionIn }: { cause?: unknown; fractionIn?: string }) {
    super(message, { cause });
    this.fractionalColumn = fractionIn;
  }
}

interface Field {
  readonly source: string;
  readonly name: string;
  /** Rows that lack the column would answer with a member of Object.prototype. */
  readonly inherited: boolean;
  readonly isKey: boolean;
  readonly isInteger: boolean;
  readonly normalize: (value: PresentValue) => PresentValue;
  readonly encode: (value: PresentValue) => SqlValue;
}

export function createEncoder(table: PreparedTable, values: TypeMapping): Encoder {
  const fields = table.columns.map(({ source, name, type }, index) => {
    const [normalize, encode] = [canonical[type], values.encode[type]];
    return {
      source,
      name,
      inherited: source in Object.prototype,
      isKey: table.keyIndexes.includes(index),
      isInteger: type === "integer",
      normalize,
      encode: (value: PresentValue) => encode(normalize(value)),
    };
  });
  const fieldOf = (source: string): Field => {
    const field = fields.find((candidate) => candidate.source === source);
    if (!field) throw new Error(`table "${table.name}" has no column "${source}"`);
    return field;
  };
  const keyFields = table.keyIndexes
    .map((index) => fields[index])
    .filter((field) => field !== undefined);
  const text = (of: readonly Field[], key: Key): string =>
    keyText(of.map((field, index) => canonicalValue(field, key[index])));
  return {
    appendRow: (row, into) => {
      appendRow(fields, row, into);
    },
    encodeKeys(keys, by) {
      const of = by?.map(fieldOf) ?? keyFields;
      return keys.map((key) => encodeKey(of, key)).filter((key) => key !== undefined);
    },
    encodeValue: (source, value) => fieldOf(source).encode(value),
    keyText: (key, by) => text(by?.map(fieldOf) ?? keyFields, key),
    entryKey(row) {
      const key = keyFields.map((field) => readValue(field, row));
      const name = text(keyFields, key);
      return key.some((value) => value == null) ? `${name} ${hashRow(row)}` : name;
    },
  };
}

function hashRow(row: Row): string {
  return createHash("sha256").update(rowText(row)).digest("hex").slice(0, 16);
}

function readValue({ inherited, source }: Field, row: Row): Value {
  return inherited && !Object.hasOwn(row, source) ? undefined : row[source];
}

function canonicalValue({ normalize }: Field, value: Value): Value {
  try {
    return value == null ? value : normalize(value);
  } catch (error) {
    if (error instanceof ValueError) return value;
    throw error;
  }
}

function appendRow(fields: readonly Field[], row: Row, into: SqlValue[]): void {
  const start = into.length;
  for (const field of fields) {
    const value = readValue(field, row);
    try {
      into.push(value == null ? nullUnlessKey(field) : field.encode(value));
    } catch (error) {
      into.length = start;
      throw toRowError(field, value, error);
    }
  }
}

function nullUnlessKey({ isKey }: Field): null {
  if (isKey) throw new ValueError("expected a value, as part of the primary key, got none");
  return null;
}

function toRowError(field: Field, value: Row[string], error: unknown): unknown {
  if (!(error instanceof ValueError)) return error;
  const fraction = field.isInteger && value != null && isFraction(value);
  return new RowError(`column "${field.name}": ${error.message}`, {
    cause: error,
    ...(fraction ? { fractionIn: field.name } : {}),
  });
}

function encodeKey(fields: readonly Field[], key: Key): SqlValue[] | undefined {
  try {
    const values: SqlValue[] = [];
    for (const [index, field] of fields.entries()) {
      const value = key[index];
      if (value == null) return undefined;
      values.push(field.encode(value));
    }
    return values;
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}
