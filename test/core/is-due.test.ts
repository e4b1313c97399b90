import { expect, test } from "vitest";
import { isDue } from "../../src/core/is-due.ts";

const now = new Date("2026-01-10T00:00:00Z");

test.each([
  ["what was never done", undefined, 7, true],
  ["what was done long ago", "2026-01-03T00:00:00Z", 7, true],
  ["what was done of late", "2026-01-03T00:00:01Z", 7, false],
  ["what a clock did that was far ahead", "2036-01-01T00:00:00Z", 7, true],
  ["what is to be done never", "2016-01-01T00:00:00Z", 0, false],
  ["what was never done, and is not to be", undefined, 0, false],
])("%s", (_what, last, days, expected) => {
  expect(isDue(last, days, now)).toBe(expected);
});
