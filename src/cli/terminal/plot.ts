import type { EChartsType } from "echarts/core";
import { z } from "zod";
import { visibleLine } from "../../core/visible-text.ts";
import { BrailleCanvas, cellDots } from "./braille-canvas.ts";
import { curveColors, withChart, type ChartSize, type Plot } from "./chart.ts";
import type { Terminal } from "./terminal.ts";

/** Height of a plot in lines, including its axis. */
const plotRows = 20;

/** Distinguish curves without colors. */
const marks = ["•", "×", "+", "o", "*", "#", "@", "%", "&", "=", "~", "^"] as const;

/** Draws curves with axes, a title above and a legend below, as wide as the terminal. */
export function renderPlotText(
  plot: Plot,
  { color, width }: Pick<Terminal, "color" | "width">,
): string {
  const { curves, title, xName } = plot;
  const canvas = new BrailleCanvas(width, plotRows);
  const size = {
    width: width * cellDots.width,
    height: plotRows * cellDots.height,
    fontSize: cellDots.height,
    textWidth: (text: string) => text.length * cellDots.width,
    legend: false,
  };
  withChart(plot, size, (chart) => {
    drawChart(chart, canvas);
  });
  const usesMarks = color.level === 0 && curves.length > 1;
  const paint = (text: string, curve: number): string =>
    usesMarks ? cycle(marks, curve) : color.hex(cycle(curveColors, curve))(text);
  const legend = curves.map(({ label }, curve) => {
    const sample = usesMarks ? cycle(marks, curve).repeat(2) : paint("━━", curve);
    return `${sample} ${truncate(visibleLine(label), width - 3)}`;
  });
  const head = color.bold(truncate(visibleLine(title), width));
  const lines = canvas.toLines(paint);
  // The last line is the margin below the labels.
  if (lines.at(-1) === "" && xName !== "step")
    lines.splice(-1, 1, truncate(xName, width).padStart(width));
  return [head, ...lines, ...legend].join("\n");
}

/** Draws curves as an SVG image; its size is in pixels. XML has no control characters. */
export function renderPlotSvg(plot: Plot, size: ChartSize = pictureSize(plot)): string {
  const shown = {
    ...plot,
    title: visibleLine(plot.title),
    curves: plot.curves.map((curve) => ({
      ...curve,
      label: visibleLine(curve.label),
      metric: visibleLine(curve.metric),
    })),
  };
  return withChart(shown, { ...size, fontSize, legend: true }, (chart) =>
    chart.renderToSVGString(),
  );
}

/** Of the texts in a picture, in pixels. */
const fontSize = 12;

/** As high as the legend needs, which has a line for each curve. */
function pictureSize({ curves }: Plot): ChartSize {
  const legendLine = fontSize * 2;
  return { width: 960, height: Math.max(540, (curves.length + 4) * legendLine) };
}

/** Draws what ECharts laid out and a terminal can show: texts, axes and curves. */
function drawChart(chart: EChartsType, canvas: BrailleCanvas): void {
  let curve = 0;
  for (const element of chart.getZr().storage.getDisplayList(true)) {
    const { type } = element;
    if (type === "tspan") {
      const style = textStyle.parse(element.style);
      const [x = 0, y = 0] = element.transformCoordToGlobal(style.x, style.y);
      drawText(canvas, style, { x, y });
    } else if (type === "line" && "shape" in element) {
      drawAxis(canvas, axisShape.parse(element.shape));
    } else if (type === "ec-polyline" && "shape" in element) {
      drawCurve(canvas, curve, curveShape.parse(element.shape).points);
      curve += 1;
    }
  }
}

const axisShape = z.object({ x1: z.number(), y1: z.number(), x2: z.number(), y2: z.number() });
const curveShape = z.object({
  points: z.union([z.instanceof(Float32Array), z.instanceof(Float64Array), z.array(z.number())]),
});
const textStyle = z.object({
  text: z.string(),
  x: z.number().default(0),
  y: z.number().default(0),
  textAlign: z.string().default("left"),
});

function drawText(
  canvas: BrailleCanvas,
  { text, textAlign }: z.output<typeof textStyle>,
  { x, y }: { readonly x: number; readonly y: number },
): void {
  const width = text.length * cellDots.width;
  const offset = textAlign === "center" ? width / 2 : textAlign === "right" ? width : 0;
  canvas.write(text, Math.round((x - offset) / cellDots.width), toCell(y, cellDots.height));
}

/** Draws an axis with line characters; where two meet, a corner. */
function drawAxis(canvas: BrailleCanvas, { x1, y1, x2, y2 }: z.output<typeof axisShape>): void {
  const [left, right] = [x1, x2].sort((a, b) => a - b).map((x) => toCell(x, cellDots.width));
  const [top, bottom] = [y1, y2].sort((a, b) => a - b).map((y) => toCell(y, cellDots.height));
  for (let row = top ?? 0; row <= (bottom ?? 0); row += 1) {
    for (let column = left ?? 0; column <= (right ?? 0); column += 1) {
      const line = top === bottom ? "─" : "│";
      const existing = canvas.characterAt(column, row);
      canvas.write(existing === " " || existing === line ? line : "└", column, row);
    }
  }
}

/** `points` alternates between x and y; NaN is a gap. */
function drawCurve(canvas: BrailleCanvas, curve: number, points: ArrayLike<number>): void {
  let previous: readonly [number, number] | undefined;
  for (let index = 0; index < points.length; index += 2) {
    const [x = NaN, y = NaN] = [points[index], points[index + 1]];
    const point = Number.isNaN(x) || Number.isNaN(y) ? undefined : ([x, y] as const);
    if (point) canvas.drawLine(curve, previous ?? point, point);
    previous = point;
  }
}

function toCell(dots: number, size: number): number {
  return Math.floor(dots / size);
}

function cycle<T>(list: readonly [T, ...T[]], index: number): T {
  return list[index % list.length] ?? list[0];
}

function truncate(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}
