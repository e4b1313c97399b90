import type { Budget, BudgetReader } from "../../http/budget.ts";
import { wholeNumberIn } from "../../http/header-values.ts";

/**
 * The budgets in `Opik-<Bucket>-Remaining-Limit` and `Opik-<Bucket>-Remaining-Limit-TTL-Millis`. A
 * server with rate limits sends them with every response; a refusal's `RateLimit-Reset` is up to a
 * second too short.
 */
export const opikBudgets: BudgetReader = (headers) =>
  Object.keys(headers).flatMap((header): Budget[] => {
    const name = /^opik-(.+)-remaining-limit$/.exec(header)?.[1];
    const remaining = wholeNumberIn(headers[header]);
    const resetMs = wholeNumberIn(headers[`${header}-ttl-millis`]) ?? 0;
    return name === undefined || remaining === undefined || resetMs <= 0
      ? []
      : [{ name, remaining, resetMs }];
  });
