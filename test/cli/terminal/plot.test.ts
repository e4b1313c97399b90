import { expect, test } from "vitest";
import chalk from "chalk";
import type { Plot } from "../../../src/cli/terminal/chart.ts";
import { renderPlotSvg, renderPlotText } from "../../../src/cli/terminal/plot.ts";

const curveOf = (values: readonly number[]): Plot => ({
  title: "loss by step",
  xName: "step",
  logY: false,
  curves: [
    { label: "loss", metric: "loss", points: values.map((value, step) => [step, value] as const) },
  ],
});

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

test("a picture has a title, names of its axes, and a legend clear of the curves, with dashes", () => {
  const curves = Array.from({ length: 12 }, (_, run) => ({
    label: `run-${run} <&"`,
    metric: "loss",
    points: [
      [0, run],
      [9, run + 1],
    ] as const,
  }));
  const picture = renderPlotSvg({ title: "loss by step", xName: "step", logY: false, curves });
  expect(picture).toMatch(/>loss by step<[^]*>step<|>step<[^]*>loss by step</);
  const drawn = picture.match(/<path [^>]*stroke-width="1\.5"[^>]*>/g) ?? [];
  const looks = drawn.map((path) =>
    [/stroke="[^"]+"/, /dasharray="[^"]+"/].map((part) => part.exec(path)?.[0]),
  );
  expect(new Set(looks.map(String)).size).toBe(12);
  expect(drawn.filter((path) => path.includes("stroke-dasharray")).length).toBeGreaterThan(5);
  const ends = drawn.flatMap((path) => /d="M[\d.]+ [\d.]+L([\d.]+) /.exec(path)?.[1] ?? []);
  const legend = Number(/translate\(([\d.]+) [\d.]+\)"[^>]*>run-0/.exec(picture)?.[1]);
  expect(legend).toBeGreaterThan(500);
  expect(ends.map(Number).filter((x) => x < legend).length).toBeGreaterThanOrEqual(12);
  expect(picture).not.toContain('<&"');
});
