import { canonical } from "../../core/value.ts";
import type { TypeMapping } from "../sql/dialect.ts";
import {
  escapeUnstorable,
  escapeUnstorableJson,
  unescapeUnstorable,
} from "../sql/text-escaping.ts";
import { postgresStorage } from "./column-storage.ts";

/** How Postgres stores values. All are sent as text, which both parameters and COPY accept. */
export const postgresMapping: TypeMapping = {
  types: {
    boolean: "boolean",
    integer: "bigint",
    double: "double precision",
    decimal: "numeric",
    date: "date",
    timestamp: "timestamp with time zone",
    string: "text",
    binary: "bytea",
    json: "jsonb",
  },
  keyCollation: ' collate "C"',
  encode: {
    boolean: (value) => (value === true ? "t" : "f"),
    integer: String,
    double: (value) => (Object.is(value, -0) ? "-0" : String(value)),
    decimal: String,
    date: String,
    timestamp: String,
    string: (value) => escapeUnstorable(String(value)),
    binary: (value) =>
      value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : null,
    json: (value) => escapeUnstorableJson(String(value)),
  },
  decode: {
    boolean: (value) => value === "t",
    integer: (value) => value !== null && canonical.integer(value),
    double: (value) => value !== null && canonical.double(value),
    decimal: (value) => value,
    date: (value) => value,
    timestamp: (value) => (value === null ? null : canonical.timestamp(value)),
    string: (value) => (typeof value === "string" ? unescapeUnstorable(value) : value),
    binary: (value) => (typeof value === "string" ? Buffer.from(value.slice(2), "hex") : value),
    json: (value) => (typeof value === "string" ? unescapeUnstorable(value) : value),
  },
  storage: postgresStorage,
};
