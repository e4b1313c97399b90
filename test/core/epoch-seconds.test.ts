import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromEpochSeconds } from "../../src/core/timestamp.ts";

describe("fromEpochSeconds", () => {
  test.each([
    [0, "1970-01-01T00:00:00.000000Z"],
    [1767225601.1, "2026-01-01T00:00:01.100000Z"],
    [1767225659.999999, "2026-01-01T00:00:59.999999Z"],
    [1767225600.1234567, "2026-01-01T00:00:00.123456Z"],
    [-0.5, "1969-12-31T23:59:59.500000Z"],
    [1e-7, "1970-01-01T00:00:00.000000Z"],
    [253402300799, "9999-12-31T23:59:59.000000Z"],
  ])("%d is %s: the digits of the number, cut off after microseconds", (seconds, text) => {
    expect(fromEpochSeconds(seconds)).toBe(text);
  });

  test.each([253402300800, -62135596801, 1e300, NaN, Infinity])(
    "%d is outside of the years of timestamps",
    (seconds) => {
      expect(fromEpochSeconds(seconds)).toBeUndefined();
    },
  );

  test("whole milliseconds are converted as Date does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (milliseconds) => {
        const expected = new Date(milliseconds).toISOString().replace("Z", "000Z");
        expect(fromEpochSeconds(milliseconds / 1000)).toBe(expected);
      }),
    );
  });
});
