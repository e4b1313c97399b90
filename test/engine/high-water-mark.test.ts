import { expect, test } from "vitest";
import { HighWaterMark } from "../../src/engine/high-water-mark.ts";

const startedAt = new Date("2026-03-01T12:00:00Z");
const ascending = { order: "ascending", lookbackMs: 0, startedAt } as const;
const any = { order: "any", lookbackMs: 0, startedAt } as const;

test("in ascending order the mark advances with every page", () => {
  const mark = new HighWaterMark(undefined, ascending);
  expect(mark.since).toBeUndefined();
  expect(mark.page(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"])).toEqual({
    since: "2026-01-02T00:00:00.000000Z",
  });
  expect(mark.page(["2026-01-02T00:00:00Z"])).toBeUndefined();
});

test("in any other order it advances only at the end of the listing", () => {
  const mark = new HighWaterMark({ since: "2026-01-01T00:00:00Z" }, any);
  expect(mark.page(["2026-02-02T00:00:00Z"])).toBeUndefined();
  expect(mark.page(["2026-01-05T00:00:00Z"])).toBeUndefined();
  expect(mark.end()).toEqual({ since: "2026-02-02T00:00:00.000000Z" });
  expect(mark.end()).toBeUndefined();
});

test("it never passes the start of the sync", () => {
  const mark = new HighWaterMark(undefined, ascending);
  expect(mark.page(["2030-01-01T00:00:00Z"])).toEqual({
    since: "2026-03-01T12:00:00.000000Z",
  });
});

test("it compares points in time, not text", () => {
  const mark = new HighWaterMark({ since: "2026-01-01T00:00:00.123Z" }, ascending);
  expect(mark.page(["2026-01-01T00:00:00Z"])).toBeUndefined();
  expect(mark.page(["2026-01-01T02:00:00+02:00"])).toBeUndefined();
  expect(mark.page(["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01Z"])).toEqual({
    since: "2026-01-01T00:00:01.000000Z",
  });
});

test("it starts reading before the mark, by the lookback", () => {
  const mark = new HighWaterMark(
    { since: "2026-01-01T01:00:00Z" },
    { ...any, lookbackMs: 600_000 },
  );
  expect(mark.since).toBe("2026-01-01T00:50:00.000000Z");
});

test("cursors that are missing or not timestamps do not move it", () => {
  const mark = new HighWaterMark({ since: "2026-01-01T00:00:00Z" }, ascending);
  expect(mark.page([null, undefined, "soon", ""])).toBeUndefined();
});

const saved = { since: "2026-02-01T00:00:00Z" };

test.each([
  ["none", [], "2026-01-31T23:59:00.000000Z"],
  ["a later one", [{ at: "2026-02-05T00:00:00Z" }], "2026-01-31T23:59:00.000000Z"],
  ["two earlier ones", [{ at: "2026-01-07" }, { at: "2026-01-05" }], "2026-01-04T23:59:00.000000Z"],
  ["one without a cursor", [{ at: "2026-01-07" }, { id: "a", at: "soon" }], undefined],
  ["one without a location", [{}], "2026-01-31T23:59:00.000000Z"],
])("reading starts no later than what is in quarantine: %s", (_name, locations, since) => {
  const quarantined = locations.map((where) => ({ key: "[1]", where }));
  const options = { ...any, lookbackMs: 60_000, quarantined, column: "at" };
  expect(new HighWaterMark(saved, options).since).toBe(since);
});
