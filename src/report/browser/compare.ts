import type { Cell, ExperimentsBlock } from "../blocks.ts";
import { axis, chartBox, tooltip, type Palette } from "./charts.ts";
import { choice, element, labelled } from "./dom.ts";

type Column = ExperimentsBlock["columns"][number];

/** Lines that parallel coordinates draw; more make them unreadable. */
const maxLines = 1000;
const maxAxes = 8;

/** Points that a scatter plot draws. */
const maxPoints = 5000;

/** Parallel coordinates of the parameters and a result, and a scatter plot of any two columns. */
export function compareNodes(columns: readonly Column[]) {
  const parameters = columns.filter(({ kind, values }) => kind === "parameter" && varies(values));
  const results = columns.filter(({ kind, values }) => kind === "result" && values.some(isNumber));
  const [firstResult] = results;
  if (parameters.length === 0 || !firstResult) return { nodes: [], show: () => undefined };
  const result = choice(
    results.map(({ name }) => name),
    results.find(({ name }) => /loss/i.test(name))?.name,
  );
  const numeric = parameters.filter(({ values }) => values.every((v) => v === null || isNumber(v)));
  const x = choice([...numeric, ...results].map(({ name }) => name));
  const xLog = element("input", { type: "checkbox" });
  const note = element("p", { className: "note" });
  const parallel = chartBox(() => ({}), 380);
  const scatter = chartBox(() => ({}), 340);
  let shown: readonly number[] = [];
  const draw = (): void => {
    const y = results.find(({ name }) => name === result.value) ?? firstResult;
    const chosenX = [...numeric, ...results].find(({ name }) => name === x.value);
    const axes = [...parameters.slice(0, maxAxes - 1), y];
    const indexes = evenly(
      shown.filter((index) => isNumber(y.values[index] ?? null)),
      maxLines,
    );
    note.textContent = `Each line is a run, from its configuration to ${y.name}. Drag along an axis to select.${indexes.length === maxLines ? ` ${maxLines} runs, evenly chosen.` : ""}`;
    parallel.update((palette) => parallelOption(palette, axes, indexes));
    if (chosenX)
      scatter.update((palette) =>
        scatterOption(palette, { x: chosenX, y, indexes: shown, isLog: xLog.checked }),
      );
  };
  for (const control of [result, x, xLog]) control.addEventListener("input", draw);
  const nodes = [
    element("h4", { textContent: "Configuration and result" }),
    element("div", { className: "controls" }, [labelled("Result", result)]),
    note,
    parallel.box,
    element("div", { className: "controls" }, [labelled("Against", x), labelled("Log axis", xLog)]),
    scatter.box,
  ];
  return {
    nodes,
    show(indexes: readonly number[]): void {
      shown = indexes;
      draw();
    },
  };
}

function varies(values: readonly Cell[]): boolean {
  const [first] = values;
  return values.some((value) => value !== first);
}

function isNumber(value: Cell): value is number {
  return typeof value === "number";
}

/** At most `count` of a list, from its beginning to its end. */
function evenly(list: readonly number[], count: number): readonly number[] {
  if (list.length <= count) return list;
  return Array.from(
    { length: count },
    (_, at) => list[Math.floor((at * list.length) / count)] ?? 0,
  );
}

function parallelOption(palette: Palette, axes: readonly Column[], indexes: readonly number[]) {
  const kinds = axes.map(({ values }) => axisKind(values, indexes));
  return {
    parallel: { left: 50, right: 70, top: 44, bottom: 24 },
    parallelAxis: axes.map(({ name }, dim) => ({
      dim,
      name,
      ...kinds[dim],
      nameTextStyle: { color: palette.text, fontWeight: "bold", width: 130, overflow: "truncate" },
      axisLine: { lineStyle: { color: palette.text } },
      axisLabel: { color: palette.text, width: 100, overflow: "truncate" },
    })),
    series: [
      {
        type: "parallel",
        lineStyle: { width: 1, opacity: indexes.length > 200 ? 0.15 : 0.45, color: "#3b7ded" },
        progressive: 200,
        data: indexes.map((index) =>
          axes.map(({ values }, dim) =>
            parallelValue(values[index] ?? null, kinds[dim]?.type === "category"),
          ),
        ),
      },
    ],
  };
}

/** Numbers of which there are few are set apart like words. */
const fewNumbers = 6;

function axisKind(values: readonly Cell[], indexes: readonly number[]) {
  const used = indexes.map((index) => values[index] ?? null).filter((value) => value !== null);
  const distinct = [...new Set(used)];
  if (distinct.every(isNumber) && distinct.length > fewNumbers) return scaleOf(distinct);
  const names = distinct.sort((a, b) =>
    isNumber(a) && isNumber(b) ? a - b : String(a) < String(b) ? -1 : 1,
  );
  return { type: "category", data: names.map(String) };
}

/** A logarithmic scale if a few values, as of runs that diverged, would hide the others. */
function scaleOf(values: readonly number[], isLog = isWide(values)) {
  if (!isLog) return { type: "value", scale: true };
  const positive = values.filter((value) => value > 0);
  const min = positive.reduce((least, value) => Math.min(least, value), positive[0] ?? 1);
  const max = positive.reduce((most, value) => Math.max(most, value), min);
  return {
    type: "log",
    min: 10 ** Math.floor(Math.log10(min)),
    max: 10 ** Math.ceil(Math.log10(max)),
  };
}

function isWide(values: readonly number[]): boolean {
  const sorted = [...values].sort((a, b) => a - b);
  const typical = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (sorted[0] ?? 0) > 0 && (sorted.at(-1) ?? 0) > 1000 * typical;
}

/** ECharts leaves a line out where it has "-", and takes the numbers of a category as positions. */
function parallelValue(value: Cell, isCategory: boolean): string | number {
  if (value === null) return "-";
  return typeof value === "number" && !isCategory ? value : String(value);
}

interface ScatterAxes {
  readonly x: Column;
  readonly y: Column;
  readonly indexes: readonly number[];
  readonly isLog: boolean;
}

function scatterOption(palette: Palette, { x, y, indexes, isLog }: ScatterAxes) {
  const points = evenly(indexes, maxPoints)
    .map((index) => [x.values[index] ?? null, y.values[index] ?? null, index] as const)
    .filter(([a, b]) => isNumber(a) && isNumber(b) && (!isLog || (a > 0 && b > 0)));
  const kindOf = (at: 0 | 1) =>
    scaleOf(
      points.map((point) => Number(point[at])),
      isLog || undefined,
    );
  return {
    grid: { left: 14, right: 24, top: 34, bottom: 34, containLabel: true },
    tooltip: tooltip(palette, { trigger: "item" }),
    xAxis: axis(palette, { ...kindOf(0), name: x.name, nameLocation: "middle", nameGap: 26 }),
    yAxis: axis(palette, { ...kindOf(1), name: y.name }),
    series: [
      {
        type: "scatter",
        name: `${x.name}, ${y.name}`,
        symbolSize: points.length > 500 ? 4 : 8,
        large: points.length > 2000,
        itemStyle: { opacity: 0.6 },
        data: points.map(([a, b]) => [a, b]),
      },
    ],
  };
}
