import type { MetricCurves } from "../blocks.ts";
import { axis, chartBox, legend, tooltip, type Palette } from "./charts.ts";
import { choice, element, labelled } from "./dom.ts";

/** The curves of the best runs, by metric, with smoothing and a logarithmic axis. */
export function curvesNode(metrics: readonly MetricCurves[]): HTMLElement {
  const metric = choice(metrics.map((each) => each.metric));
  const smoothing = element("input", {
    type: "range",
    min: "0",
    max: "0.99",
    step: "0.01",
    value: "0",
  });
  const logarithmic = element("input", { type: "checkbox" });
  const note = element("p", { className: "note" });
  const chart = chartBox(() => ({}), 380);
  const draw = (): void => {
    const chosen = metrics.find((each) => each.metric === metric.value);
    if (!chosen) return;
    const { best } = chosen;
    const isLog = logarithmic.checked;
    note.textContent = `The runs with the ${best === "min" ? "lowest" : "highest"} last value; the best first.${isLog ? " Values of 0 or below are left out." : ""}`;
    chart.update((palette) =>
      curvesOption(palette, chosen, { isLog, weight: Number(smoothing.value) }),
    );
  };
  for (const control of [metric, smoothing, logarithmic]) control.addEventListener("input", draw);
  draw();
  return element("div", {}, [
    element("h4", { textContent: "Best curves" }),
    note,
    element("div", { className: "controls" }, [
      labelled("Metric", metric),
      labelled("Smoothing", smoothing),
      labelled("Log axis", logarithmic),
    ]),
    chart.box,
  ]);
}

function curvesOption(
  palette: Palette,
  { metric, curves }: MetricCurves,
  { isLog, weight }: { readonly isLog: boolean; readonly weight: number },
) {
  const names = curves.map(({ name }) => name);
  return {
    grid: { left: 14, right: 24, top: 60, bottom: 34, containLabel: true },
    legend: legend(palette, names),
    tooltip: tooltip(palette, { trigger: "axis" }),
    xAxis: axis(palette, {
      type: "value",
      name: "step",
      nameLocation: "middle",
      nameGap: 26,
      min: "dataMin",
      max: "dataMax",
      splitLine: { show: false },
    }),
    yAxis: axis(palette, { type: isLog ? "log" : "value", scale: true, name: metric }),
    series: curves.map(({ name, points }) => ({
      name,
      type: "line",
      symbol: "none",
      lineStyle: { width: 1.5 },
      data: smooth(isLog ? points.filter(([, value]) => value > 0) : points, weight),
    })),
  };
}

type Points = MetricCurves["curves"][number]["points"];

/** Exponential moving average, as in `plot --smooth`. */
function smooth(points: Points, weight: number): Points {
  let [sum, total] = [0, 0];
  return points.map(([x, value]) => {
    sum = sum * weight + value * (1 - weight);
    total = total * weight + (1 - weight);
    return [x, sum / total] as const;
  });
}
