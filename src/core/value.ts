import { toTimestamp } from "./timestamp.ts";
import { ExactNumber } from "./exact-number.ts";
import { jsonText } from "./json-text.ts";
import type { CanonicalValue, ColumnType, PresentValue, Value } from "./schema.ts";
import { ValueError } from "./value-error.ts";

type Canonical = (value: PresentValue) => CanonicalValue;

/** The bounds of a 64-bit column. */
const maxInteger = 2n ** 63n - 1n;
const minInteger = -(2n ** 63n);

/**
 * Converts a value to the canonical form of its column's type. boolean: boolean; integer: a safe
 * number, else a bigint; double: number; decimal: digits; date: `YYYY-MM-DD`; timestamp:
 * fixed-width UTC text; string: string; binary: bytes; json: JSON text. Nothing is guessed or
 * rounded: a value that does not fit throws a ValueError.
 */
export const canonical: Readonly<Record<ColumnType, Canonical>> = {
  boolean(value) {
    if (typeof value === "boolean") return value;
    if (value === "true" || value === 1) return true;
    if (value === "false" || value === 0) return false;
    throw mismatch("a boolean", value);
  },
  integer(value) {
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    const exact = toBigInt(value);
    if (exact === undefined) throw mismatch("an integer", value);
    if (exact > maxInteger || exact < minInteger)
      throw new ValueError("expected a 64-bit integer, got a larger one");
    return isSafe(exact) ? Number(exact) : exact;
  },
  double(value) {
    if (typeof value === "number") return value;
    if (typeof value === "bigint") return exactDouble(value);
    if (typeof value === "string" || value instanceof ExactNumber) return toDouble(String(value));
    throw mismatch("a number", value);
  },
  decimal(value) {
    const isNumber = typeof value === "number" || typeof value === "bigint";
    const text = isNumber || value instanceof ExactNumber ? String(value) : value;
    if (
      typeof text === "string" &&
      /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?$/.test(text)
    )
      return text;
    throw mismatch("a decimal number", value);
  },
  date(value) {
    // As written: in UTC, midnight somewhere else may be another day.
    if (typeof value !== "string" || toTimestamp(value) === undefined)
      throw mismatch("a date (YYYY-MM-DD)", value);
    return value.slice(0, 10);
  },
  timestamp(value) {
    const instant = typeof value === "string" ? toTimestamp(value) : undefined;
    if (instant === undefined) throw mismatch("a timestamp (ISO 8601, years 0001 to 9999)", value);
    return instant;
  },
  string(value) {
    if (typeof value === "string") return value;
    if (typeof value === "object" && !(value instanceof ExactNumber))
      throw mismatch("a string", value);
    return String(value);
  },
  binary(value) {
    if (value instanceof Uint8Array) return value;
    throw mismatch("bytes", value);
  },
  json(value) {
    return typeof value === "string" ? value : jsonText(value);
  },
};

function isSafe(value: bigint): boolean {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
}

function toBigInt(value: Value): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  if (value instanceof ExactNumber) return toBigInt(value.text);
  if (typeof value !== "string") return undefined;
  if (/^[+-]?\d{1,40}(?:\.0+)?$/.test(value)) return BigInt(value.replace(/\..*|\+/g, ""));
  const spelledWithExponent =
    /^[+-]?\d+(?:\.\d+)?[eE]\+?\d+$/.test(value) && Number.isSafeInteger(Number(value));
  return spelledWithExponent ? BigInt(Number(value)) : undefined;
}

function toDouble(text: string): number {
  if (/^(?:NaN|-?Infinity)$/.test(text)) return Number(text);
  if (/^[+-]?\d{16,400}$/.test(text)) return exactDouble(BigInt(text.replace("+", "")));
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    throw mismatch("a number", text);
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new ValueError("expected a number that a double can hold, got a larger one");
  if (value === 0 && /[1-9]/.test(text.toLowerCase().split("e")[0] ?? ""))
    throw new ValueError("expected a number that a double can hold, got a smaller one");
  return value;
}

/** An integer as a double; throws if it would be rounded. */
function exactDouble(value: bigint): number {
  const double = Number(value);
  if (Number.isFinite(double) && BigInt(double) === value) return double;
  throw new ValueError("expected a number that a double can hold, got an integer with more digits");
}

function mismatch(expected: string, value: Value): ValueError {
  return new ValueError(`expected ${expected}, got ${describeType(value)}`);
}

function describeType(value: Value): string {
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof ExactNumber) return "a number";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Whether a value is a finite number with a fraction. */
export function isFraction(value: Value): boolean {
  try {
    const double = value == null ? undefined : canonical.double(value);
    return Number.isFinite(double) && !Number.isInteger(double);
  } catch {
    return false;
  }
}
