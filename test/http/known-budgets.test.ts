import { describe, expect, test } from "vitest";
import { standardBudgets } from "../../src/http/budget.ts";
import { KnownBudgets } from "../../src/http/known-budgets.ts";

const now = Date.UTC(2026, 0, 1);

describe("the budget of a response", () => {
  test.each([
    [{ "ratelimit-remaining": "7", "ratelimit-reset": "30" }, 7, 30_000],
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "0.5" }, 0, 500],
    [{ "ratelimit-remaining": "-1", "ratelimit-reset": String(now / 1000 + 9) }, -1, 9000],
  ])("is read from %j", (headers, remaining, resetMs) => {
    expect(standardBudgets(headers, now)).toEqual([{ name: "requests", remaining, resetMs }]);
  });

  test.each([
    {},
    { "ratelimit-remaining": "7" },
    { "ratelimit-reset": "30" },
    { "ratelimit-remaining": "few", "ratelimit-reset": "30" },
    { "ratelimit-remaining": "7", "ratelimit-reset": "soon" },
    { "ratelimit-remaining": "7", "ratelimit-reset": "0" },
    { "ratelimit-remaining": ["7", "8"], "ratelimit-reset": "30" },
  ])("is not in %j", (headers) => {
    expect(standardBudgets(headers, now)).toEqual([]);
  });
});

describe("budgets that are known", () => {
  const budget = (remaining: number, resetMs: number, name = "a") => ({ name, remaining, resetMs });

  test("allow everything as long as none is reported", () => {
    const budgets = new KnownBudgets();
    expect([budgets.remaining(0), budgets.usedUp(0)]).toEqual([Infinity, undefined]);
  });

  test("only shrink until their reset, since responses overtake each other", () => {
    const budgets = new KnownBudgets();
    budgets.record(budget(3, 1000), 0);
    budgets.record(budget(5, 900), 100);
    expect(budgets.remaining(100)).toBe(3);
    budgets.record(budget(1, 800), 200);
    expect(budgets.remaining(200)).toBe(1);
  });

  test("are forgotten at their reset, after which they may grow", () => {
    const budgets = new KnownBudgets();
    budgets.record(budget(0, 1000), 0);
    expect([budgets.remaining(999), budgets.remaining(1000)]).toEqual([0, Infinity]);
    expect([budgets.usedUp(999)?.resetsAt, budgets.usedUp(1000)]).toEqual([1000, undefined]);
    budgets.record(budget(30, 1000), 1100);
    expect(budgets.remaining(1100)).toBe(30);
  });

  test("of several, the smallest counts, and of those used up the last to reset", () => {
    const budgets = new KnownBudgets();
    budgets.record(budget(9, 5000, "large"), 0);
    budgets.record(budget(2, 5000, "small"), 0);
    expect([budgets.remaining(0), budgets.usedUp(0)]).toEqual([2, undefined]);
    budgets.record(budget(0, 4000, "large"), 1000);
    budgets.record(budget(-1, 1000, "small"), 1000);
    expect(budgets.usedUp(1000)).toEqual({ name: "large", resetsAt: 5000 });
  });
});
