import { dateOf, parseHttpDate } from "./http-date.ts";

const ceilingMs = 60_000;

/**
 * Milliseconds to wait before a retry if the service does not say: full jitter under an exponential
 * ceiling of 60 s. `retry` counts from 1.
 */
export function jitterMs(retry: number, random: () => number): number {
  return random() * Math.min(ceilingMs, 1000 * 2 ** (retry - 1));
}

/**
 * Milliseconds that a response asks to wait: `Retry-After` (seconds or a date), else, for a 429,
 * `RateLimit-Reset` (seconds, or seconds since 1970). Undefined if it asks for nothing, for a time
 * in the past or for nonsense.
 *
 * Dates are compared with the response's own `Date`, so that differing clocks do no harm.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 `Retry-After`
 */
export function requestedWaitMs(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  now: number,
): number | undefined {
  const retryAfter = text(headers["retry-after"]);
  const serverNow = dateOf(headers) ?? now;
  const until = parseHttpDate(retryAfter);
  const reset = status === 429 ? seconds(text(headers["ratelimit-reset"]), serverNow) : undefined;
  return (
    positive(seconds(retryAfter, serverNow)) ??
    positive(until && until - serverNow) ??
    positive(reset)
  );
}

function text(header: unknown): string {
  return typeof header === "string" ? header.trim() : "";
}

function seconds(header: string, now: number): number | undefined {
  if (!/^\d{1,12}(?:\.\d+)?$/.test(header)) return undefined;
  const milliseconds = Number(header) * 1000;
  const year2001 = 1e12;
  return milliseconds < year2001 ? milliseconds : milliseconds - now;
}

function positive(milliseconds: number | undefined): number | undefined {
  return milliseconds !== undefined && milliseconds > 0 ? milliseconds : undefined;
}
