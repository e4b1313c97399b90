import { fromEpochSeconds, toTimestamp } from "../../../core/timestamp.ts";
import { unquote } from "../../../json/text-scanner.ts";
import { isHeldByDouble } from "../../../json/json-number.ts";

/** The two columns of a value. */
export interface MetricValue {
  /** The nearest double; null if the value is not a number, or beyond the range of doubles. */
  readonly metric_value: number | null;
  /** The value as JSON text, as it was spelled; null if `metric_value` says all of it. */
  readonly value_json: string | null;
}

/** Splits a value's JSON text into its columns. */
export function toMetricValue(slice: string): MetricValue {
  if (slice.startsWith('"')) {
    return { metric_value: null, value_json: JSON.stringify(unquote(slice)) };
  }
  if (!/^-?\d/.test(slice)) return { metric_value: null, value_json: slice };
  const number = Number(slice);
  const metric_value = Number.isFinite(number) ? number : null;
  return { metric_value, value_json: isHeldByDouble(slice) ? null : slice };
}

/** Per second: services count seconds, gateways and users also smaller units. */
const units = [1, 1e3, 1e6, 1e9];

/**
 * The instant of a `_timestamp`: seconds since 1970, or a smaller unit if that many seconds would
 * be after the year 9999; as number or text, or ISO 8601. Undefined if it is none of these.
 */
export function toMetricTimestamp(value: unknown): string | undefined {
  if (typeof value === "string") {
    const number = /^-?\d/.test(value) ? Number(value) : NaN;
    return Number.isNaN(number) ? toTimestamp(value) : toMetricTimestamp(number);
  }
  if (typeof value !== "number") return undefined;
  for (const perSecond of units) {
    const instant = fromEpochSeconds(value / perSecond);
    if (instant !== undefined) return instant;
  }
  return undefined;
}
