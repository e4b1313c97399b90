import { expect, test } from "vitest";
import { isDue } from "../../src/core/is-due.ts";

const now = new Date("2026-01-10T00:00:00Z");

test.each([
  ["a job that never ran is due", undefined, 7, true],
  ["a job that last ran a week ago is due", "2026-01-03T00:00:00Z", 7, true],
  ["a job that ran less than a week ago is not due", "2026-01-03T00:00:01Z", 7, false],
  ["a job that ran while the clock was far ahead is due", "2036-01-01T00:00:00Z", 7, true],
  ["a job that is switched off is not due", "2016-01-01T00:00:00Z", 0, false],
  ["a job that is switched off and never ran is not due", undefined, 0, false],
])("%s", (_name, last, days, expected) => {
  expect(isDue(last, days, now)).toBe(expected);
});
