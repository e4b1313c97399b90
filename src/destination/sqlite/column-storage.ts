import type { ColumnType } from "../../core/schema.ts";
import { ValueError } from "../../core/value-error.ts";
import { anyValue, countDigits, type ColumnStorage } from "../sql/column-storage.ts";

type Affinity = "integer" | "text" | "blob" | "real" | "numeric";

/**
 * How a column of an existing table stores values of a type, if it was declared with another name
 * than rivulet's own. Undefined if it cannot.
 *
 * @see https://www.sqlite.org/datatype3.html#determination_of_column_affinity
 */
export function sqliteStorage(type: ColumnType, existing: string): ColumnStorage | undefined {
  const [declared = "", collation] = existing.split(collationMark);
  const affinity = affinityOf(declared);
  if (affinity === "numeric" && type === "decimal") return numericDecimals;
  if (affinity === "numeric" && type === "json") return numericTexts;
  if (!affinities[type].includes(affinity)) return undefined;
  const exactly = affinity === "text" ? " collate binary" : "";
  const keyProblem =
    type === "timestamp" || type === "date"
      ? "other programs spell times differently, so that one key would be two"
      : "its collation takes different texts as equal, so that two keys would be one";
  const isKeyProblem = collation !== undefined || type === "timestamp" || type === "date";
  return { sqlType: declared, check: anyValue, exactly, ...(isKeyProblem ? { keyProblem } : {}) };
}

/** In the type of an existing column, stands before a collation other than by bytes. */
export const collationMark = " collate ";

/** A date or a timestamp is never a number, so that an affinity does not change it. */
const affinities: Readonly<Record<ColumnType, readonly Affinity[]>> = {
  boolean: ["integer", "numeric"],
  integer: ["integer", "numeric"],
  double: ["real", "numeric"],
  decimal: ["text"],
  date: ["text", "numeric"],
  timestamp: ["text", "numeric"],
  string: ["text"],
  binary: ["blob"],
  json: ["text"],
};

function affinityOf(declared: string): Affinity {
  if (/int/i.test(declared)) return "integer";
  if (/char|clob|text/i.test(declared)) return "text";
  if (declared === "" || /blob/i.test(declared)) return "blob";
  return /real|floa|doub/i.test(declared) ? "real" : "numeric";
}

/** Numbers in text are stored as numbers, of which a double keeps 15 digits. */
const numericDecimals: ColumnStorage = {
  sqlType: "numeric",
  check(value) {
    const text = String(value);
    const digits = countDigits(text);
    if (/^[+-]?\d{1,18}$/.test(text)) return;
    if (digits && digits.before + digits.after <= 15) return;
    throw new ValueError(
      "expected a number of at most 15 digits, because the column's type makes it a double; declare the column as text",
    );
  },
  exactly: "",
};

const numericTexts: ColumnStorage = {
  sqlType: "numeric",
  check(value) {
    if (!/^\s*[-+\d.]/.test(String(value))) return;
    throw new ValueError(
      "expected JSON other than a number, which the column's type would change; declare the column as text",
    );
  },
  exactly: "",
};
