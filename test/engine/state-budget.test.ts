import { expect, test } from "vitest";
import { StateBudget } from "../../src/engine/state-budget.ts";

const megabyte = 2 ** 20;

test("small states are always allowed, until a mebibyte was written", () => {
  const budget = new StateBudget(() => 0);
  for (let written = 0; written < megabyte; written += 1024) {
    expect(budget.allows(1024)).toBe(true);
    budget.spend(1024);
  }
  expect(budget.allows(1024)).toBe(false);
});

test("rows of ten times its size pay for a state, once", () => {
  const budget = new StateBudget(() => 0);
  budget.spend(megabyte);
  budget.addRows(10 * 8000 - 1);
  expect(budget.allows(8000)).toBe(false);
  budget.addRows(1);
  expect(budget.allows(8000)).toBe(true);
  budget.spend(8000);
  expect(budget.allows(1)).toBe(false);
});

test("a minute after the last one, any state is allowed", () => {
  let now = 0;
  const budget = new StateBudget(() => now);
  now = 59_999;
  expect(budget.allows(8 * megabyte)).toBe(false);
  now = 60_000;
  expect(budget.allows(8 * megabyte)).toBe(true);
  budget.spend(8 * megabyte);
  expect(budget.allows(8 * megabyte)).toBe(false);
  now = 119_999;
  expect(budget.allows(8 * megabyte)).toBe(false);
  now = 120_000;
  expect(budget.allows(8 * megabyte)).toBe(true);
});

test("a state that was not allowed, at the end of a sync, leaves no debt", () => {
  const budget = new StateBudget(() => 0);
  budget.spend(100 * megabyte);
  budget.addRows(1000);
  expect(budget.allows(100)).toBe(true);
});
