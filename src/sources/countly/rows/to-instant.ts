import { plain } from "../../../json/text-scanner.ts";
import { fromEpochSeconds } from "../../../core/timestamp.ts";

/** Below these a number is one of seconds, milliseconds or microseconds; each is past the year 5000 in its unit, and before 1974 in the next. */
const units = [
  { below: 1e11, perSecond: 1 },
  { below: 1e14, perSecond: 1e3 },
  { below: Infinity, perSecond: 1e6 },
] as const;

/**
 * An instant as ISO 8601 text: the service sends seconds, milliseconds, either as a string, or ISO 8601, and which of them is told by the
 * magnitude. Undefined where there is none: null, an empty string, or 0. What is no instant at all stays what it is.
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
