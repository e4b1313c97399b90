import type { Budget } from "./budget.ts";
import { secondsIn, textIn } from "./header-values.ts";
import { dateOf, parseHttpDate } from "./http-date.ts";

const ceilingMs = 60_000;

/**
 * Milliseconds to wait before a retry if the service does not say: full jitter under an exponential
 * ceiling of 60 s. `retry` counts from 1.
 */
export function jitterMs(retry: number, random: () => number): number {
  return random() * Math.min(ceilingMs, 1000 * 2 ** (retry - 1));
}

/** The head of an error response. */
interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** What it says about rate limits. */
  readonly budgets?: readonly Budget[];
}

/**
 * Milliseconds that a response asks to wait: `Retry-After` (seconds or a date), else, for a 429,
 * until the budgets reset that are used up, else `RateLimit-Reset` (seconds, or seconds since
 * 1970). Undefined if it asks for nothing, for a time in the past or for nonsense.
 *
 * Dates are compared with the response's own `Date`, so that differing clocks do no harm.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 `Retry-After`
 */
export function requestedWaitMs(
  { status, headers, budgets = [] }: ResponseHead,
  now: number,
): number | undefined {
  const retryAfter = headers["retry-after"];
  const serverNow = dateOf(headers) ?? now;
  const until = parseHttpDate(textIn(retryAfter));
  const asked = positive(secondsIn(retryAfter, serverNow)) ?? positive(until && until - serverNow);
  if (asked !== undefined || status !== 429) return asked;
  const usedUp = budgets.filter(({ remaining }) => remaining <= 0);
  return (
    positive(Math.max(...usedUp.map(({ resetMs }) => resetMs))) ??
    positive(secondsIn(headers["ratelimit-reset"], serverNow))
  );
}

function positive(milliseconds: number | undefined): number | undefined {
  return milliseconds !== undefined && milliseconds > 0 ? milliseconds : undefined;
}
