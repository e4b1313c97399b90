import { createHash } from "node:crypto";
import type { CanonicalValue, Key, PresentValue, Row, Value } from "../../core/schema.ts";
import { canonical, isFraction } from "../../core/value.ts";
import { ValueError } from "../../core/value-error.ts";
import type { PreparedTable, TypeMapping } from "./dialect.ts";
import { keyText, rowText } from "./key-text.ts";
import type { SqlValue } from "./sql-value.ts";

/** Encodes one table's rows and keys for the driver. Columns are given by their source names. */
export interface Encoder {
  /** Appends a row's values in column order. Throws a RowError, with nothing appended. */
  appendRow(row: Row, into: SqlValue[]): void;
  /**
   * Encodes keys that consist of the columns `by` (default: the primary key). Leaves out those that
   * no row can have, because a value is missing or invalid.
   */
  encodeKeys(keys: readonly Key[], by?: readonly string[]): SqlValue[][];
  /** Encodes the value of one column. Throws a ValueError. */
  encodeValue(source: string, value: PresentValue): SqlValue;
  /** A key of the columns `by` as JSON text. Valid values are canonical, others as sent. */
  keyText(key: Key, by?: readonly string[]): string;
  /** The key of the row's quarantine entry. A hash distinguishes rows with an incomplete key. */
  entryKey(row: Row): string;
}

/** A row that its table cannot hold. */
export class RowError extends Error {
  override readonly name = "RowError";
  /** The integer column that received a fraction; widening it would make the row fit. */
  readonly fractionalColumn: string | undefined;

  constructor(
    message: string,
    { cause, fractionalColumn }: { cause?: unknown; fractionalColumn?: string },
  ) {
    super(message, { cause });
    this.fractionalColumn = fractionalColumn;
  }
}

interface Field {
  readonly source: string;
  readonly name: string;
  /** Whether a row without this column inherits a member of Object.prototype under its name. */
  readonly isInherited: boolean;
  readonly isKey: boolean;
  readonly isInteger: boolean;
  readonly normalize: (value: PresentValue) => CanonicalValue;
  readonly encode: (value: PresentValue) => SqlValue;
}

/** Creates the encoder of a table. */
export function createEncoder(table: PreparedTable, mapping: TypeMapping): Encoder {
  const fields = table.columns.map(({ source, name, type, storage }, index) => {
    const [normalize, encode] = [canonical[type], mapping.encode[type]];
    const encodeStored = (value: PresentValue): SqlValue => {
      const normal = normalize(value);
      storage?.check(normal);
      return encode(normal);
    };
    return {
      source,
      name,
      isInherited: source in Object.prototype,
      isKey: table.keyIndexes.includes(index),
      isInteger: type === "integer",
      normalize,
      encode: storage ? encodeStored : (value: PresentValue) => encode(normalize(value)),
    };
  });
  const requireField = (source: string): Field => {
    const field = fields.find((candidate) => candidate.source === source);
    if (!field) throw new Error(`table "${table.name}" has no column "${source}"`);
    return field;
  };
  const keyFields = table.keyIndexes
    .map((index) => fields[index])
    .filter((field) => field !== undefined);
  const formatKey = (parts: readonly Field[], key: Key): string =>
    keyText(parts.map((field, index) => canonicalValue(field, key[index])));
  return {
    appendRow: (row, into) => {
      appendRow(fields, row, into);
    },
    encodeKeys(keys, by) {
      const parts = by?.map(requireField) ?? keyFields;
      return keys.map((key) => encodeKey(parts, key)).filter((key) => key !== undefined);
    },
    encodeValue: (source, value) => requireField(source).encode(value),
    keyText: (key, by) => formatKey(by?.map(requireField) ?? keyFields, key),
    entryKey(row) {
      const key = keyFields.map((field) => readValue(field, row));
      const name = formatKey(keyFields, key);
      return key.some((value) => value == null) ? `${name} ${hashRow(row)}` : name;
    },
  };
}

function hashRow(row: Row): string {
  return createHash("sha256").update(rowText(row).text).digest("hex").slice(0, 16);
}

function readValue({ isInherited, source }: Field, row: Row): Value {
  return isInherited && !Object.hasOwn(row, source) ? undefined : row[source];
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
  const needsDouble = field.isInteger && value != null && isFraction(value);
  return new RowError(`column "${field.name}": ${error.message}`, {
    cause: error,
    ...(needsDouble ? { fractionalColumn: field.name } : {}),
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
