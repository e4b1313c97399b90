import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, setPlatformAPI, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

/** A line through points. */
export interface Curve {
  readonly label: string;
  /** The metric that it shows. */
  readonly metric: string;
  /** In ascending order of x: steps, or a time. */
  readonly points: readonly (readonly [x: number, value: number])[];
}

/** Curves with what a reader needs to understand them. */
export interface Plot {
  readonly curves: readonly Curve[];
  readonly title: string;
  readonly xName: string;
  /** Whether the y axis is logarithmic; then all values are above 0. */
  readonly logY: boolean;
}

/**
 * Colors of the curves in their order; after the last, the first again. All have enough contrast on
 * white and on black; neighbours differ for color-blind people, too.
 */
export const curveColors = [
  "#2563eb",
  "#e07b00",
  "#0f9d6b",
  "#dc2f3c",
  "#a855d8",
  "#0891b2",
  "#9a7b0a",
  "#e0559b",
  "#5b7fa6",
  "#7c8b2f",
  "#b0643c",
  "#808080",
] as const;

/** How the lines of a picture are dashed: the first colors are solid, the others dashed. */
const dashes = ["solid", "dashed", "dotted", [8, 3, 2, 3]] as const;
const solidCurves = 6;

/** The size of a chart, in pixels, or in dots of a terminal. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

interface ChartOptions extends ChartSize {
  readonly fontSize: number;
  /** Measures a text; by default, estimated from the average width of letters. */
  readonly textWidth?: (text: string) => number;
  /** Whether it is a picture: with a title, a legend and names of the axes. */
  readonly legend: boolean;
}

/** Relative to the font size. */
const averageLetterWidth = 0.6;

/** Lays out a plot with axes and passes the chart to `draw`; disposes of it afterwards. */
export function withChart<T>(plot: Plot, canvas: ChartOptions, draw: (chart: EChartsType) => T): T {
  use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
  const { width, height, fontSize } = canvas;
  const textWidth =
    canvas.textWidth ?? ((text: string) => text.length * fontSize * averageLetterWidth);
  setPlatformAPI({
    // ECharts derives the height of a line from the width of this character.
    measureText: (text: string) => ({ width: text === "国" ? fontSize : textWidth(text) }),
  });
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(echartsOption(plot, { ...canvas, textWidth }));
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

function echartsOption(
  { curves, title, xName, logY }: Plot,
  { fontSize, legend, textWidth, width, height }: Required<ChartOptions>,
) {
  const text = { fontSize, color: textColor };
  const scale = scaleOf(curves);
  const unscaled = (value: number): string => formatTick(value * scale);
  const axis = {
    scale: true,
    axisLabel: { ...text, hideOverlap: true, margin: fontSize / 2 },
    axisTick: { show: false },
    axisLine: { show: true, onZero: false },
    nameTextStyle: text,
  };
  const metrics = [...new Set(curves.map(({ metric }) => metric))];
  const yName = metrics.length === 1 ? metrics.join() : "value";
  return {
    animation: false,
    color: [...curveColors],
    textStyle: text,
    backgroundColor: legend ? "#ffffff" : "transparent",
    ...(legend
      ? pictureLayout({ title, labels: curves.map(({ label }) => label), textWidth, width, height })
      : { grid: { ...insets(fontSize, fontSize), ...labelsInside } }),
    xAxis: {
      ...axis,
      type: "value",
      min: "dataMin",
      max: "dataMax",
      splitLine: { show: false },
      ...(legend ? { name: xName, nameLocation: "middle", nameGap: fontSize * 2 } : {}),
    },
    yAxis: {
      ...axis,
      type: logY ? "log" : "value",
      ...(logY ? wholeDecades(curves, scale) : {}),
      axisLabel: { ...axis.axisLabel, formatter: unscaled },
      splitLine: { show: legend, lineStyle: { color: "#e5e7eb" } },
      ...(legend ? { name: yName, nameLocation: "end", nameGap: fontSize } : {}),
    },
    series: curves.map(({ label, points }, index) => ({
      name: label,
      type: "line",
      data: points.map(([x, value]) => [x, value / scale]),
      // Downsamples to the available width and keeps the shape, peaks included.
      sampling: "lttb",
      symbol: legend && points.length === 1 ? "circle" : "none",
      lineStyle: { width: 1.5, type: dashes[Math.floor(index / solidCurves) % dashes.length] },
    })),
  };
}

/** The powers of ten around all values; ECharts alone would choose far ones. */
function wholeDecades(curves: readonly Curve[], scale: number) {
  const [min, max] = rangeOf(curves);
  const from = Math.floor(Math.log10(min / scale));
  return { min: 10 ** from, max: 10 ** Math.max(from + 1, Math.ceil(Math.log10(max / scale))) };
}

function rangeOf(curves: readonly Curve[]): readonly [min: number, max: number] {
  let [min, max] = [Infinity, 0];
  for (const { points } of curves)
    for (const [, value] of points) [min, max] = [Math.min(min, value), Math.max(max, value)];
  return [min, max];
}

/** A label of the value axis: very large and very small numbers with an exponent. */
function formatTick(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return rounded.toExponential();
  return rounded.toLocaleString("en", { maximumFractionDigits: 9 });
}

/** How much of the width a legend takes at most. */
const maxLegendShare = 0.4;

/** Text of a picture, in pixels. */
const pictureFontSize = 12;

const labelsInside = { outerBoundsMode: "same", outerBoundsContain: "axisLabel" };

function insets(top: number, other: number) {
  return { left: other, right: other, top, bottom: other };
}

/** A title above, and the legend at the right, where no curve is. */
function pictureLayout({
  title,
  labels,
  textWidth,
  width,
  height,
}: Pick<Required<ChartOptions>, "textWidth" | "width" | "height"> & {
  readonly title: string;
  readonly labels: readonly string[];
}) {
  const fontSize = pictureFontSize;
  // The width of a text is only estimated.
  const widest = Math.max(0, ...labels.map(textWidth)) * 1.2;
  const legendWidth = Math.min(width * maxLegendShare, widest + fontSize * 4);
  const textStyle = { fontSize, color: textColor };
  const top = fontSize * 5;
  return {
    grid: { ...insets(top, fontSize * 3), right: legendWidth + fontSize * 2, ...labelsInside },
    title: {
      text: title,
      left: fontSize,
      top: fontSize * 0.75,
      textStyle: {
        fontSize: fontSize * 1.25,
        fontWeight: "bold",
        color: "#111827",
        width: width - fontSize * 2,
        overflow: "truncate",
      },
    },
    legend: {
      orient: "vertical",
      right: fontSize,
      top,
      width: legendWidth,
      height: height - fontSize * 7,
      textStyle: { ...textStyle, width: legendWidth - fontSize * 4, overflow: "truncate" },
      itemWidth: fontSize * 2.5,
      // Only the line, whose dashes a symbol would cover.
      itemStyle: { opacity: 0 },
      data: [...labels],
    },
  };
}

/** Of axes and legend. */
const textColor = "#374151";
