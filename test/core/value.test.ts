import { describe, expect, test } from "vitest";
import { toTimestamp, fromEpochMs } from "../../src/core/timestamp.ts";
import { canonical } from "../../src/core/value.ts";
import { ValueError } from "../../src/core/value-error.ts";

describe("toTimestamp", () => {
  test.each([
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"],
    ["2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000Z"],
    ["2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"],
    ["2026-01-02T03:04:05.999999999Z", "2026-01-02T03:04:05.999999Z"],
    ["2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500000Z"],
    ["2026-01-02T03:04:05-0530", "2026-01-02T08:34:05.000000Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000000Z"],
    ["2026-01-02T03:04Z", "2026-01-02T03:04:00.000000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
    ["0099-06-01T12:00:00+01:00", "0099-06-01T11:00:00.000000Z"],
    ["1969-12-31T23:59:59.25+00:30", "1969-12-31T23:29:59.250000Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"],
    ["2026-01-01T24:00:00Z", "2026-01-02T00:00:00.000000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"],
  ])("reads %s as %s", (text, instant) => {
    expect(toTimestamp(text)).toBe(instant);
  });

  test.each([
    "",
    "now",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:60:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00Z",
    "1750000000",
    "2026-01-01T00:00:00+99:99",
    "2026-01-01T00:00:00+01:60",
  ])("rejects %j", (text) => {
    expect(toTimestamp(text)).toBeUndefined();
  });

  test("timestamps from milliseconds have the same form", () => {
    expect(fromEpochMs(0)).toBe("1970-01-01T00:00:00.000000Z");
    expect(fromEpochMs(1.7e12 + 5)).toBe("2023-11-14T22:13:20.005000Z");
    expect(fromEpochMs(NaN)).toBeUndefined();
    expect(fromEpochMs(1e17)).toBeUndefined();
  });
});

describe("canonical", () => {
  test("integers keep every digit up to 64 bits, however they are spelled", () => {
    expect(canonical.integer("42")).toBe(42);
    expect(canonical.integer("42.0")).toBe(42);
    expect(canonical.integer("1e3")).toBe(1000);
    expect(canonical.integer("9223372036854775807")).toBe(9223372036854775807n);
    expect(canonical.integer(-(2n ** 63n))).toBe(-9223372036854775808n);
    expect(canonical.integer("9007199254740993")).toBe(9007199254740993n);
  });

  test.each([2n ** 63n, "9223372036854775808", 1.5, "1.5", NaN, "x", true])(
    "%s is not a 64-bit integer",
    (value) => {
      expect(() => canonical.integer(value)).toThrow(ValueError);
    },
  );

  test("doubles accept NaN and infinities, but no integer that would be rounded", () => {
    expect(canonical.double("NaN")).toBeNaN();
    expect(canonical.double("-Infinity")).toBe(-Infinity);
    expect(canonical.double("0.1")).toBe(0.1);
    expect(canonical.double("0e-400")).toBe(0);
    for (const tiny of ["1e-400", `0.${"0".repeat(400)}1`, "-1e-999"])
      expect(() => canonical.double(tiny)).toThrow(/got a smaller one/);
    expect(Object.is(canonical.double("-0.0"), -0)).toBe(true);
    expect(canonical.double("9007199254740992")).toBe(2 ** 53);
    for (const value of ["9007199254740993", 2n ** 53n + 1n, "1e999", "abc", "toString", true]) {
      expect(() => canonical.double(value)).toThrow(ValueError);
    }
  });

  test("decimals keep their spelling", () => {
    expect(canonical.decimal("12.3400")).toBe("12.3400");
    expect(canonical.decimal("123456789012345678901234567890.1")).toBe(
      "123456789012345678901234567890.1",
    );
    expect(() => canonical.decimal("1,5")).toThrow(ValueError);
    expect(() => canonical.decimal("")).toThrow(ValueError);
  });

  test("booleans are never guessed from other words", () => {
    expect(canonical.boolean("true")).toBe(true);
    expect(canonical.boolean(0)).toBe(false);
    expect(() => canonical.boolean("yes")).toThrow(ValueError);
    expect(() => canonical.boolean(2)).toThrow(ValueError);
  });

  test("the message of a ValueError does not contain the value", () => {
    expect(() => canonical.timestamp("s3cret")).toThrow(/expected a timestamp/);
    expect(() => canonical.timestamp("s3cret")).not.toThrow(/s3cret/);
  });
});
