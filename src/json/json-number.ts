import { trimEnd } from "../core/trim-end.ts";
import { minNormal } from "./odd-number.ts";

/** The parts of a decimal number: `digits` × 10^`exponent`, without zeros at either end. */
interface Decimal {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

/** As many significant digits tell every double apart. */
const digitsOfDouble = 17;

/** The most that `toPrecision` writes. */
const maxPrecision = 100;

/**
 * Whether a double holds the JSON number `text`: written with as many digits, it gives the same
 * number again. A fraction of up to 17 digits counts as a double, because it was one.
 */
export function isHeldByDouble(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) && /^-?\d{1,16}$/.test(text)) return true;
  const decimal = parseDecimal(text);
  const precision = significantDigits(text);
  const isNormal = Math.abs(value) >= minNormal;
  if (isNormal && precision <= digitsOfDouble && /[.eE]/.test(text)) return true;
  if (precision === 0) return true;
  if (precision > maxPrecision) return false;
  const held = parseDecimal(value.toPrecision(precision));
  return held.digits === decimal.digits && held.exponent === decimal.exponent;
}

/** Whether `JSON.parse` keeps all digits of the JSON number `text`. */
export function isKeptByParse(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const [sent, kept] = [parseDecimal(text), parseDecimal(String(value))];
  return sent.digits === kept.digits && sent.exponent === kept.exponent;
}

/** How many digits a number is written with, without leading zeros. */
function significantDigits(text: string): number {
  const [mantissa = ""] = text.split(/[eE]/);
  return mantissa.replace(/[-.]/g, "").replace(/^0+/, "").length;
}

/** The whole number that a text spells exactly; undefined if it is none. */
export function toExactInteger(text: string): bigint | undefined {
  if (/^-?\d{1,40}$/.test(text)) return BigInt(text);
  if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,4})?$/.test(text)) return undefined;
  const { isNegative, digits, exponent } = parseDecimal(text);
  if (exponent < 0 || exponent > 40) return undefined;
  const value = BigInt(digits + "0".repeat(exponent));
  return isNegative ? -value : value;
}

function parseDecimal(text: string): Decimal {
  const [mantissa = "", exponent = "0"] = text.split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const all = (whole + fraction).replace(/^0+/, "");
  const digits = trimEnd(all, "0");
  return {
    isNegative: text.startsWith("-"),
    digits,
    exponent: digits === "" ? 0 : Number(exponent) - fraction.length + all.length - digits.length,
  };
}
