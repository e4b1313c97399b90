import { secondsIn, wholeNumberIn } from "./header-values.ts";
import { dateOf } from "./http-date.ts";

/** What a service still allows under one of its rate limits, as a response reports it. */
export interface Budget {
  /** The name of the limit. */
  readonly name: string;
  /** How many more requests are allowed. Other clients may use them, too. */
  readonly remaining: number;
  /** Milliseconds until the service allows more; above 0. */
  readonly resetMs: number;
}

/** Reads the budgets in the headers of a response, by lower-case name. */
export type BudgetReader = (
  headers: Readonly<Record<string, unknown>>,
  now: number,
) => readonly Budget[];

/**
 * The budget in `RateLimit-Remaining` and `RateLimit-Reset`, if there are both.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
 */
export const standardBudgets: BudgetReader = (headers, now) => {
  const remaining = wholeNumberIn(headers["ratelimit-remaining"]);
  const resetMs = secondsIn(headers["ratelimit-reset"], dateOf(headers) ?? now) ?? 0;
  return remaining === undefined || resetMs <= 0 ? [] : [{ name: "requests", remaining, resetMs }];
};
