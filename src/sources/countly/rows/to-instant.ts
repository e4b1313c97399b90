import { fromEpochSeconds } from "../../../core/timestamp.ts";
import { plain } from "../../../json/text-scanner.ts";

/**
 * The unit of a number, by its magnitude. Each limit is after the year 5000 in its own unit, and
 * before 1974 in the next.
 */
const units = [
  { below: 1e11, perSecond: 1 },
  { below: 1e14, perSecond: 1e3 },
  { below: Infinity, perSecond: 1e6 },
] as const;

/**
 * Converts a JSON value to ISO 8601 text. The service sends numbers of seconds, milliseconds or
 * microseconds, also as strings, or ISO 8601.
 *
 * Undefined for null, an empty string and 0. Any other text is returned unchanged.
 */
export function toInstant(slice: string | undefined): string | undefined {
  const text = plain(slice)?.trim();
  if (text === undefined || text === "") return undefined;
  if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return text;
  const number = Number(text);
  if (number === 0) return undefined;
  const unit = units.find(({ below }) => Math.abs(number) < below);
  return fromEpochSeconds(number / (unit?.perSecond ?? 1)) ?? text;
}
