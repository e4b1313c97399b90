import fc from "fast-check";
import { expect, test } from "vitest";
import { greatestInt64, int64Member } from "../../src/json/int64.ts";
import { testSeed } from "../support/test-seed.ts";

const stepOf = int64Member("_step");

test.each([
  ['{"_step":7,"loss":1}', 7],
  ['{"loss":1,"_step": 7}', 7],
  ['{"loss":{"_step":3},"_step":7}', 7],
  ['{"loss":{"_step":3}}', undefined],
  ['{"_step":1,"loss":2,"_step":7}', 7],
  [String.raw`{"a\"_step":1,"_step":7}`, 7],
  [String.raw`{"text":"\"_step\":1","_step":7}`, 7],
  ['{"text":"{","_step":7}', 7],
  ['{"_step":7.0}', 7],
  ['{"_step":7e2}', 700],
  ['{"_step":7.5}', undefined],
  ['{"_step":-7}', -7],
  ['{"_step":"7"}', 7],
  ['{"_step":9007199254740993,"loss":NaN}', 9007199254740993n],
  ['{"_step":7', undefined],
  ['[{"_step":7}]', undefined],
])("the step of %s is %s", (line, step) => {
  expect(stepOf(line)).toBe(step);
});

test("the step of any line is what JSON.parse finds", () => {
  const values = fc.oneof(
    fc.nat(),
    fc.constantFrom("_step", '"_step":1', "{", "\\", "x"),
    fc.record({ _step: fc.nat() }),
  );
  const members = fc.array(fc.tuple(fc.constantFrom("_step", 'a"_step', "{", "b_step"), values));
  fc.assert(
    fc.property(members, fc.option(fc.nat(), { nil: undefined }), (before, step) => {
      const line = JSON.stringify({ ...Object.fromEntries(before), _step: step, c: 1 });
      expect(stepOf(line)).toBe(step);
    }),
    { seed: testSeed },
  );
});

test("a number that JSON.parse rounded is taken for the greatest that it may have been", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (step) => {
      const last = greatestInt64(Number(step)) ?? -1n;
      expect(last).toBeGreaterThanOrEqual(step);
      expect(last - step).toBeLessThan(2n ** 11n);
    }),
    { seed: testSeed },
  );
  expect(greatestInt64("1767225600123456789")).toBe(1767225600123456789n);
  expect(greatestInt64(undefined)).toBeUndefined();
});

test.each([
  [1767225600123456789n, 1767225600123456789n],
  ["1767225600123456789", 1767225600123456789n],
  [7, 7n],
  [7.5, undefined],
  [null, undefined],
])("the whole number in %s is at most %s", (value, greatest) => {
  expect(greatestInt64(value)).toBe(greatest);
});
