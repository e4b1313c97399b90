import { BarChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  ParallelComponent,
  TooltipComponent,
} from "echarts/components";
import { init, use, type EChartsCoreOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { element } from "./dom.ts";

use([BarChart, LineChart, ParallelChart, ScatterChart, CanvasRenderer]);
use([DataZoomComponent, GridComponent, LegendComponent, ParallelComponent, TooltipComponent]);

/** Colors that a chart takes from the page. */
export interface Palette {
  readonly text: string;
  readonly line: string;
  readonly background: string;
}

const light: Palette = { text: "#374151", line: "#e2e5ea", background: "#ffffff" };
const dark: Palette = { text: "#c7cdd6", line: "#333a45", background: "#171b21" };

/** Colors of curves and bars, in both themes. */
export const colors = [
  "#3b7ded",
  "#e07b00",
  "#0f9d6b",
  "#dc4450",
  "#a866dd",
  "#0a9ab8",
  "#b08c12",
  "#e0559b",
];

interface Drawn {
  readonly chart: EChartsType;
  option: (palette: Palette) => EChartsCoreOption;
}

const drawn: Drawn[] = [];
const darkScheme = matchMedia("(prefers-color-scheme: dark)");

/** A box with a chart, which is drawn again when the theme changes and for printing. */
export function chartBox(option: Drawn["option"], height = 320) {
  const box = element("div", { className: "chart" });
  box.style.height = `${height}px`;
  const entry: { current: Drawn | undefined } = { current: undefined };
  let latest = option;
  // A chart needs to know its size, so it is made when its box is on the page.
  requestAnimationFrame(() => {
    entry.current = { chart: init(box), option: latest };
    drawn.push(entry.current);
    draw(entry.current, darkScheme.matches ? dark : light);
  });
  return {
    box,
    update(next: Drawn["option"]): void {
      latest = next;
      if (!entry.current) return;
      entry.current.option = next;
      draw(entry.current, darkScheme.matches ? dark : light);
    },
  };
}

function draw({ chart, option }: Drawn, palette: Palette): void {
  const common = {
    animation: false,
    color: colors,
    backgroundColor: "transparent",
    textStyle: { color: palette.text, fontFamily: "system-ui, sans-serif" },
  };
  chart.setOption({ ...common, ...option(palette) }, { notMerge: true });
}

/** Width of a printed page in CSS pixels. */
const printWidth = 660;

function redraw(palette: Palette, width: number | "auto"): void {
  for (const each of drawn) {
    each.chart.resize({ width });
    draw(each, palette);
  }
}

addEventListener("resize", () => {
  for (const { chart } of drawn) chart.resize();
});
darkScheme.addEventListener("change", () => {
  redraw(darkScheme.matches ? dark : light, "auto");
});
addEventListener("beforeprint", () => {
  redraw(light, printWidth);
});
addEventListener("afterprint", () => {
  redraw(darkScheme.matches ? dark : light, "auto");
});

/** Axes in the colors of the page. */
export function axis(palette: Palette, more: Readonly<Record<string, unknown>> = {}) {
  return {
    axisLine: { lineStyle: { color: palette.line } },
    axisLabel: { color: palette.text, hideOverlap: true },
    splitLine: { lineStyle: { color: palette.line } },
    nameTextStyle: { color: palette.text },
    ...more,
  };
}

/** A tooltip drawn on the canvas: no text of a service is read as HTML. */
export function tooltip(palette: Palette, more: Readonly<Record<string, unknown>> = {}) {
  return {
    renderMode: "richText",
    backgroundColor: palette.background,
    borderColor: palette.line,
    textStyle: { color: palette.text },
    confine: true,
    ...more,
  };
}

/** A legend above the chart, which can be paged if it is long. */
export function legend(palette: Palette, names: readonly string[]) {
  return {
    type: "scroll",
    top: 0,
    data: [...names],
    textStyle: { color: palette.text, width: 220, overflow: "truncate" },
    pageTextStyle: { color: palette.text },
  };
}
