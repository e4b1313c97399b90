import type { CanonicalValue } from "../../core/schema.ts";
import { trimEnd } from "../../core/trim-end.ts";
import { ValueError } from "../../core/value-error.ts";

/**
 * How a column of another type than rivulet's own stores values: that of a table that another
 * program has created.
 */
export interface ColumnStorage {
  /** The SQL type as which values are sent, without a length. */
  readonly sqlType: string;
  /** Throws a ValueError unless the column stores the value (canonical) exactly. */
  readonly check: (value: CanonicalValue) => void;
  /** SQL after an expression of the type, with which only equal values are equal. */
  readonly exactly: string;
  /** Whether the column of an integer also holds fractions, with all their digits. */
  readonly holdsFractions?: boolean;
  /** Why the column cannot be part of a primary key. */
  readonly keyProblem?: string;
}

/** Accepts every value. */
export function anyValue(): void {
  // Nothing to check.
}

/** Accepts decimal numbers of at most this many digits before and after the point. */
export function digitsWithin(before: number, after: number): ColumnStorage["check"] {
  return (value) => {
    const digits = countDigits(String(value));
    if (digits && digits.before <= before && digits.after <= after) return;
    throw new ValueError(
      `expected a number of at most ${before} digits before the point and ${after} after it, as the column's type allows`,
    );
  };
}

/** The digits that count before and after the point; undefined if the text is no finite number. */
export function countDigits(
  text: string,
): { readonly before: number; readonly after: number } | undefined {
  const parts = /^[+-]?(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text);
  if (!parts) return undefined;
  const [, whole = "", fraction = "", exponent = "0"] = parts;
  const digits = trimEnd(whole + fraction, "0");
  const point = whole.length + Number(exponent);
  const leadingZeros = /^0*/.exec(digits)?.[0].length ?? 0;
  return {
    before: Math.max(0, point - leadingZeros),
    after: Math.max(0, digits.length - point),
  };
}
