import { expect, test } from "vitest";
import { mean, smooth } from "../../../src/cli/plot/shape-curves.ts";

test("a moving average begins at the first value and follows the others slowly", () => {
  const smoothed = smooth(
    [
      [0, 10],
      [1, 20],
      [2, 20],
    ],
    0.5,
  );
  expect(smoothed.map(([, value]) => Number(value.toFixed(3)))).toEqual([10, 16.667, 18.571]);
});

test("a mean connects the points of each curve, and counts it only where it is", () => {
  const mixed = mean([
    [
      [0, 0],
      [10, 10],
    ],
    [
      [5, 15],
      [20, 15],
    ],
  ]);
  expect(mixed).toEqual([
    [0, 0],
    [5, 10],
    [10, 12.5],
    [20, 15],
  ]);
});

test("a mean of the largest doubles is finite", () => {
  const largest = [[0, Number.MAX_VALUE]] as const;
  expect(mean([largest, largest])).toEqual(largest);
});
