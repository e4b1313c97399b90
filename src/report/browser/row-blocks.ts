import type { RowsBlock, SyncsBlock, TilesBlock } from "../blocks.ts";
import { axis, chartBox, legend, tooltip } from "./charts.ts";
import { element } from "./dom.ts";

/** Numbers to see first. */
export function tilesNode({ tiles }: TilesBlock): HTMLElement {
  const nodes = tiles.map(({ label, value, tone }) =>
    element("div", { className: `tile ${tone}` }, [
      element("span", { className: "label", textContent: label }),
      element("strong", { textContent: value }),
    ]),
  );
  return element("div", { className: "tiles" }, nodes);
}

const statusColors: Readonly<Record<string, string>> = {
  completed: "#0f9d6b",
  partial: "#e0a000",
  failed: "#dc4450",
  interrupted: "#8b93a1",
  died: "#a866dd",
  running: "#3b7ded",
};

/** A dot per sync on an axis of time, and the last syncs that did not complete. */
export function syncsNode({ syncs }: SyncsBlock): HTMLElement {
  const statuses = [...new Set(syncs.map(({ status }) => status))];
  const { box } = chartBox((palette) => ({
    grid: { left: 10, right: 20, top: 50, bottom: 60, containLabel: true },
    legend: legend(palette, statuses),
    tooltip: tooltip(palette, { trigger: "item" }),
    dataZoom: [{ type: "slider", height: 18, bottom: 8 }],
    xAxis: axis(palette, { type: "time", splitLine: { show: false } }),
    yAxis: axis(palette, { type: "log", min: 0.1, name: "seconds", logBase: 10 }),
    series: statuses.map((status) => ({
      name: status,
      type: "scatter",
      symbolSize: syncs.length > 200 ? 6 : 11,
      itemStyle: { color: statusColors[status] ?? "#8b93a1" },
      data: syncs
        .filter((sync) => sync.status === status)
        .map(({ startedAt, endedAt }) => [startedAt, secondsOf(startedAt, endedAt)]),
    })),
  }));
  const failures = syncs.filter(({ error }) => error !== "").slice(-10);
  const rows = failures
    .toReversed()
    .map(({ startedAt, status, error }) => [instant(startedAt), status, error]);
  if (rows.length === 0) return box;
  const table = tableNode({ columns: ["began (UTC)", "status", "error"], rows });
  return element("div", {}, [box, table]);
}

function secondsOf(startedAt: number, endedAt: number | null): number {
  return Math.max(0.1, ((endedAt ?? startedAt) - startedAt) / 1000);
}

function instant(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** Rows as a table. */
export function tableNode({ columns, rows }: Pick<RowsBlock, "columns" | "rows">): HTMLElement {
  const isNumeric = columns.map((_name, index) =>
    rows.every((row) => row[index] === null || typeof row[index] === "number"),
  );
  const alignment = (index: number): string => (isNumeric[index] ? "number" : "");
  const head = columns.map((name, index) =>
    element("th", { scope: "col", textContent: name, className: alignment(index) }),
  );
  const body = rows.map((row) =>
    element(
      "tr",
      {},
      row.map((cell, index) =>
        element("td", { textContent: cellText(cell), className: alignment(index) }),
      ),
    ),
  );
  const table = element("table", {}, [
    element("thead", {}, [element("tr", {}, head)]),
    element("tbody", {}, body),
  ]);
  return element("div", { className: "scroll" }, [table]);
}

/** A value as people read it. */
export function cellText(cell: RowsBlock["rows"][number][number] | undefined): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "number")
    return String(cell).replace(/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d).*/, "$1 $2");
  if (Number.isInteger(cell) && Math.abs(cell) < 1e9) return cell.toLocaleString("en");
  const size = Math.abs(cell);
  return size >= 1e6 || size < 1e-3 ? cell.toExponential(3) : String(Number(cell.toPrecision(5)));
}

/** The first column against the others: bars, or lines over days. */
export function plotNode({ show, columns, rows }: RowsBlock): HTMLElement {
  const names = columns.slice(1);
  const isDay = columns[0] === "day";
  const points = isDay ? withEachDay(rows) : rows;
  const labels = points.map(([label]) => String(label ?? "none"));
  const isWide = show === "bars" && !isDay;
  const height = isWide ? Math.max(180, 60 + 26 * rows.length) : 320;
  const { box } = chartBox((palette) => {
    const categories = axis(palette, {
      type: "category",
      data: labels,
      splitLine: { show: false },
      ...(isWide
        ? { inverse: true, axisLabel: { color: palette.text, width: 220, overflow: "truncate" } }
        : {}),
    });
    const values = axis(palette, { type: "value" });
    return {
      grid: { left: 10, right: 20, top: 40, bottom: 10, containLabel: true },
      legend: { ...legend(palette, names), show: names.length > 1 },
      tooltip: tooltip(palette, { trigger: "axis" }),
      xAxis: isWide ? values : categories,
      yAxis: isWide ? categories : values,
      series: names.map((name, index) => ({
        name,
        type: show === "lines" ? "line" : "bar",
        ...(show === "bars" ? { stack: "all", barMaxWidth: 28 } : { symbol: "none" }),
        data: points.map((row) => row[index + 1] ?? 0),
      })),
    };
  }, height);
  return box;
}

const dayMs = 86_400_000;
const maxDays = 4000;

/** Adds the days between the first and the last that have no row. */
function withEachDay(rows: RowsBlock["rows"]): RowsBlock["rows"] {
  const byDay = new Map(rows.map((row) => [String(row[0]), row]));
  const days = [...byDay.keys()].sort();
  const [first, last] = [Date.parse(days[0] ?? ""), Date.parse(days.at(-1) ?? "")];
  const count = Math.round((last - first) / dayMs) + 1;
  if (!(count <= maxDays)) return rows;
  return Array.from({ length: count }, (_, index) => {
    const day = new Date(first + index * dayMs).toISOString().slice(0, 10);
    return byDay.get(day) ?? [day];
  });
}
