import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, setPlatformAPI, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

/** A line through points. */
export interface Curve {
  readonly label: string;
  /** In ascending order of steps. */
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** Colors of the curves in their order; after the last, the first again. */
export const curveColors = [
  "#2563eb",
  "#f59e0b",
  "#16a34a",
  "#ef4444",
  "#c026d3",
  "#06b6d4",
] as const;

/** The size of a chart, in pixels, or in dots of a terminal. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

interface ChartOptions extends ChartSize {
  readonly fontSize: number;
  /** Measures a text; by default, estimated from the average width of letters. */
  readonly textWidth?: (text: string) => number;
  readonly legend: boolean;
}

/** Relative to the font size. */
const averageLetterWidth = 0.6;

/** Lays out curves with axes and passes the chart to `draw`; disposes of it afterwards. */
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
    // ECharts derives the height of a line from the width of this character.
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
 * The number that values are divided by before ECharts sees them: it never returns if their range
 * overflows to infinity, and fails below about 1e-21. 1 for ordinary values.
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
  const scale = scaleOf(curves);
  const unscaled = (value: number): string => String(Number((value * scale).toPrecision(6)));
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
      axisLabel: { ...axis.axisLabel, ...(scale === 1 ? {} : { formatter: unscaled }) },
      splitLine: { show: legend },
    },
    series: curves.map(({ label, points }) => ({
      name: label,
      type: "line",
      data: points.map(([step, value]) => [step, value / scale]),
      // Downsamples to the available width and keeps the shape, peaks included.
      sampling: "lttb",
      showSymbol: legend && points.length === 1,
      lineStyle: { width: 1.5 },
    })),
  };
}
