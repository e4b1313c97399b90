import type { CanonicalValue } from "../../core/schema.ts";
import { canonical } from "../../core/value.ts";
import type { TypeMapping } from "../sql/dialect.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import {
  escapeLoneSurrogates,
  escapeUnstorable,
  unescapeUnstorable,
} from "../sql/text-escaping.ts";
import { sqliteStorage } from "./column-storage.ts";

/** How SQLite stores values. It has four types; values of all others are stored as text. */
export const sqliteMapping: TypeMapping = {
  types: {
    boolean: "integer",
    integer: "integer",
    double: "real",
    decimal: "text",
    date: "text",
    timestamp: "text",
    string: "text",
    binary: "blob",
    json: "text",
  },
  keyCollation: "",
  encode: {
    boolean: Number,
    integer: toNumeric,
    // SQLite stores NaN as NULL, but keeps text as it is even in a column of type REAL.
    double: (value) => (Number.isNaN(value) ? "NaN" : toNumeric(value)),
    decimal: String,
    date: String,
    timestamp: String,
    string: (value) => encodeString(String(value)),
    binary: (value) => (value instanceof Uint8Array ? Buffer.from(value) : null),
    json: (value) => escapeLoneSurrogates(String(value)),
  },
  decode: {
    boolean: (value) => value !== null && Number(value) !== 0,
    integer: (value) => value !== null && canonical.integer(value),
    double: (value) => value !== null && canonical.double(value),
    decimal: (value) => value,
    date: (value) => value,
    timestamp: (value) => value,
    string: (value) => (typeof value === "string" ? unescapeUnstorable(value) : value),
    binary: (value) => value,
    json: (value) => value,
  },
  storage: sqliteStorage,
};

function toNumeric(value: CanonicalValue): SqlValue {
  return typeof value === "bigint" ? value : Number(value);
}

/** SQLite can store U+0000, so only text that unescaping would change must be escaped. */
function encodeString(text: string): string {
  return text.isWellFormed() && !text.includes("\\u") ? text : escapeUnstorable(text);
}
