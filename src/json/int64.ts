import { toExactInteger } from "./json-number.ts";
import { parsePythonJson } from "./python-json.ts";
import { members, unquote } from "./text-scanner.ts";

/** A whole number of 64 bits: a number, or a bigint if a number would round it. */
export type Int64 = number | bigint;

/** The greatest whole number of 64 bits. */
export const maxInt64 = 2n ** 63n - 1n;

/** The greatest whole number up to which a number holds all. */
export const maxSafeInt64 = BigInt(Number.MAX_SAFE_INTEGER);

/** A bigint as a number where that holds it. */
export function toInt64(value: bigint): Int64 {
  const isSafe = value <= maxSafeInt64 && value >= -maxSafeInt64;
  return isSafe ? Number(value) : value;
}

/** A whole number for JSON; one that a number would round becomes text. */
export function formatInt64(value: bigint): number | string {
  const int64 = toInt64(value);
  return typeof int64 === "number" ? int64 : int64.toString();
}

/** The number in JSON text, quoted or not; undefined if it is not a whole number of 64 bits. */
export function parseInt64(slice: string): Int64 | undefined {
  const value = toExactInteger(slice.startsWith('"') ? unquote(slice) : slice);
  return value === undefined || value > maxInt64 || value < -maxInt64 ? undefined : toInt64(value);
}

/** How far off a number may be that stands for a whole number of 64 bits. */
const maxRounding = 2n ** 10n;

/**
 * The whole number that a JSON parser made a value of, or that the value spells; undefined for any
 * other value. One that was rounded is taken for the greatest that it may have been.
 */
export function greatestInt64(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "string") return toExactInteger(value);
  if (typeof value !== "number" || !Number.isInteger(value)) return undefined;
  const rounded = BigInt(value);
  if (Number.isSafeInteger(value)) return rounded;
  const greatest = rounded + maxRounding;
  return greatest < maxInt64 ? greatest : maxInt64;
}

/**
 * Returns a function that finds a whole number in an object's text; undefined if the member is
 * missing or anything else. It parses the text only if the member comes after something nested, or
 * may come twice.
 */
export function int64Member(name: string): (object: string) => Int64 | undefined {
  const member = `"${name}":`;
  return (object) => {
    const at = object.indexOf(member);
    const isFirst = at > 0 && object.lastIndexOf("{", at) === 0 && object[at - 1] !== "\\";
    const start = at + member.length;
    const value = isFirst && !object.includes(name, start) ? readDigits(object, start) : undefined;
    return value ?? parseMember(object, name);
  };
}

const space = 32;
const comma = 44;
const zero = 48;
const nine = 57;
const closeBrace = 125;

/** The whole number at an offset. A minus, a fraction or many digits are left to the parser. */
function readDigits(text: string, start: number): number | undefined {
  const first = text.charCodeAt(start) === space ? start + 1 : start;
  let at = first;
  let value = 0;
  let code = text.charCodeAt(at);
  for (; code >= zero && code <= nine; code = text.charCodeAt(++at))
    value = value * 10 + code - zero;
  const isWhole = at > first && at - first < 16 && (code === comma || code === closeBrace);
  return isWhole ? value : undefined;
}

function parseMember(object: string, name: string): Int64 | undefined {
  const parsed = parsePythonJson(object);
  const slice = parsed && members(parsed.text)?.get(name);
  return slice === undefined ? undefined : parseInt64(slice);
}
