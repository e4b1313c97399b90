import { expect, test } from "vitest";
import chalk from "chalk";
import { renderPlotSvg, renderPlotText } from "../../../src/cli/terminal/plot.ts";

const curveOf = (values: readonly number[]) => [
  { label: "loss", points: values.map((value, step) => [step, value] as const) },
];

test.each([
  ["the largest doubles", [-1e308, 1e308, -Number.MAX_VALUE], /1e\+308/],
  ["the smallest doubles", [5e-324, 1e-323, 0], /1e-323/],
  ["small doubles", [1e-25, 2e-25, 5e-25], /5e-25/],
  ["values of every size", [5e-324, 1, 1e308], /1e\+308/],
])("draws %s with correct labels", (_what, values, label) => {
  const text = renderPlotText(curveOf(values), { color: chalk, width: 60 });
  expect(text).toMatch(label);
  expect(text).toMatch(/[\u2801-\u28ff]/);
  expect(renderPlotSvg(curveOf(values))).toMatch(label);
});
