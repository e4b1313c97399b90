const ceilingMs = 60_000;

/** Milliseconds before the next attempt where the service asks for nothing: full jitter under an exponential ceiling of 60 s. */
export function jitterMs(retry: number, random: () => number): number {
  return random() * Math.min(ceilingMs, 1000 * 2 ** (retry - 1));
}

/**
 * Milliseconds that an answer asks to wait: `Retry-After` (seconds or a date), else, with a 429, `RateLimit-Reset` (seconds, or
 * seconds since 1970). Undefined where it asks for nothing, or for something that is past or makes no sense.
 *
 * A date is measured against the answer's own `Date`, so that clocks that disagree do no harm.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 `Retry-After`
 */
export function requestedWaitMs(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  now: number,
): number | undefined {
  const retryAfter = text(headers["retry-after"]);
  const here = httpDate(text(headers["date"])) ?? now;
  const until = httpDate(retryAfter);
  const reset = status === 429 ? seconds(text(headers["ratelimit-reset"]), here) : undefined;
  return positive(seconds(retryAfter, here)) ?? positive(until && until - here) ?? positive(reset);
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

/** `Date.parse` alone would take "-5" for a day in May. */
function httpDate(header: string): number | undefined {
  return /^[A-Z][a-z]{2,8},? .*\d/.test(header) ? positive(Date.parse(header)) : undefined;
}

function positive(milliseconds: number | undefined): number | undefined {
  return milliseconds !== undefined && milliseconds > 0 ? milliseconds : undefined;
}
