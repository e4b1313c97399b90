import { expect, test } from "vitest";
import type { Value } from "../../src/core/schema.ts";
import type { Sweep } from "../../src/core/source.ts";
import { ListedCount } from "../../src/singer/listed-count.ts";

function countOf(...sweeps: readonly Sweep[]): number | undefined {
  const listed = new ListedCount();
  for (const sweep of sweeps) listed.add(sweep);
  return listed.count;
}

const range = (from: Value, below: Value): Sweep => ({
  range: { column: "id", ...(from == null ? {} : { from }), ...(below == null ? {} : { below }) },
  keys: [["x"], ["y"]],
});

test("a whole table is counted, in one sweep or in adjacent ranges", () => {
  expect(countOf({ keys: [["a"]] })).toBe(1);
  expect(countOf(range(null, "b"), range("b", "c"), range("c", null))).toBe(6);
});

test("what is not the whole table is not counted", () => {
  expect(countOf({ where: { team: "a" }, keys: [["a"]] })).toBeUndefined();
  expect(countOf({ by: ["team"], keys: [["a"]] })).toBeUndefined();
  expect(countOf(range(null, "b"), range("b", "c"))).toBeUndefined();
  expect(countOf(range(null, "b"), range("c", null))).toBeUndefined();
  expect(countOf(range("b", null))).toBeUndefined();
});
