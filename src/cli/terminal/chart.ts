import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, setPlatformAPI, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

/** A line through points, by ascending step. */
export interface Curve {
  readonly label: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** What curves are painted with, in their order, and again from the first. */
export const curveColors = [
  "#2563eb",
  "#f59e0b",
  "#16a34a",
  "#ef4444",
  "#c026d3",
  "#06b6d4",
] as const;

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** Where and how a chart is drawn. */
export interface ChartOptions extends ChartSize {
  readonly fontSize: number;
  /** How wide a text is; without it, as letters of the font size usually are. */
  readonly textWidth?: (text: string) => number;
  readonly legend: boolean;
}

/** Of a letter, in font sizes. */
const averageLetterWidth = 0.6;

/** Lays curves out with axes, hands the chart to `draw`, and takes it away again. */
export function withChart<T>(
  curves: readonly Curve[],
  canvas: ChartOptions,
  draw: (chart: EChartsType) => T,
): T {
  use([LineChart, GridComponent, LegendComponent, SVGRenderer]);
  const { width, height, fontSize } = canvas;
  const textWidth =
    canvas.textWidth ?? ((text: string) => text.length * fontSize * averageLetterWidth);
  setPlatformAPI({
    // The height of a line is taken from the width of this letter.
    measureText: (text: string) => ({ width: text === "国" ? fontSize : textWidth(text) }),
  });
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(echartsOption(curves, canvas));
    return draw(chart);
  } finally {
    chart.dispose();
  }
}

/**
 * What values are divided by before the library sees them: it does not come to an end where their range is infinite, and stumbles where it is
 * smaller than some 1e-21. 1 unless they are as large, or as small.
 */
function scaleOf(curves: readonly Curve[]): number {
  let largest = 0;
  for (const { points } of curves)
    for (const [, value] of points) largest = Math.max(largest, Math.abs(value) || 0);
  if (largest === 0 || (largest > 1e-15 && largest < 1e300)) return 1;
  return Math.max(Number.MIN_VALUE, 10 ** Math.floor(Math.log10(largest)));
}

function echartsOption(curves: readonly Curve[], { fontSize, legend }: ChartOptions) {
  const text = { fontSize };
  const unit = scaleOf(curves);
  const inUnits = (value: number): string => String(Number((value * unit).toPrecision(6)));
  const axis = {
    type: "value",
    scale: true,
    axisLabel: { ...text, hideOverlap: true, margin: fontSize / 2 },
    axisTick: { show: false },
    axisLine: { show: true, onZero: false },
  };
  return {
    animation: false,
    color: [...curveColors],
    textStyle: text,
    backgroundColor: legend ? "#ffffff" : "transparent",
    grid: {
      left: fontSize,
      right: legend ? fontSize * 4 : fontSize,
      top: legend ? fontSize * 4 : fontSize,
      bottom: fontSize,
      outerBoundsMode: "same",
      outerBoundsContain: "axisLabel",
    },
    legend: { show: legend, type: "scroll", textStyle: text },
    xAxis: {
      ...axis,
      min: "dataMin",
      max: "dataMax",
      splitLine: { show: false },
      ...(legend ? { name: "step" } : {}),
    },
    yAxis: {
      ...axis,
      axisLabel: { ...axis.axisLabel, ...(unit === 1 ? {} : { formatter: inUnits }) },
      splitLine: { show: legend },
    },
    series: curves.map(({ label, points }) => ({
      name: label,
      type: "line",
      data: points.map(([step, value]) => [step, value / unit]),
      // Keeps the shape of more points than there is room for, peaks included.
      sampling: "lttb",
      showSymbol: legend && points.length === 1,
      lineStyle: { width: 1.5 },
    })),
  };
}
