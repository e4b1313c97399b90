import type { ExperimentsBlock } from "../blocks.ts";
import { choice, element, labelled } from "./dom.ts";
import { compareNodes } from "./compare.ts";
import { curvesNode } from "./curves.ts";
import { compareCells, parseFilter } from "./filter.ts";
import { cellText, tableNode } from "./row-blocks.ts";

/** Rows that the table shows at first, and that each press of the button adds. */
const pageSize = 25;

/** The filter, its table, the comparisons of what it shows, and the curves of the best. */
export function experimentsNode(block: ExperimentsBlock): HTMLElement {
  const { columns, curves, diverged } = block;
  const all = (columns[0]?.values ?? []).map((_value, index) => index);
  const comparison = compareNodes(columns);
  const table = runTable(columns);
  const search = element("input", {
    type: "search",
    placeholder: "name, lr<0.01, optimizer=adam …",
  });
  search.setAttribute("aria-label", "Filter");
  const states = columns.find(({ name }) => name === "state")?.values ?? [];
  const names = [...new Set(states.map((state) => String(state ?? "")))].sort();
  const state = choice(["all", ...names]);
  const count = element("output");
  const show = (): void => {
    const test = parseFilter(search.value, columns);
    const wanted = state.value;
    const shown = all.filter(
      (index) => (wanted === "all" || String(states[index] ?? "") === wanted) && test(index),
    );
    const of = shown.length === all.length ? "" : ` of ${all.length.toLocaleString("en")}`;
    count.textContent = `${shown.length.toLocaleString("en")}${of} runs`;
    table.show(shown);
    comparison.show(shown);
  };
  search.addEventListener("input", show);
  state.addEventListener("change", show);
  show();
  return element("div", {}, [
    element("div", { className: "controls" }, [search, labelled("State", state), count]),
    table.node,
    ...comparison.nodes,
    ...(curves.length > 0 ? [curvesNode(curves)] : []),
    ...divergedNodes(diverged),
  ]);
}

function runTable(columns: ExperimentsBlock["columns"]) {
  const [head, body] = [element("tr"), element("tbody")];
  const more = element("button", { type: "button" });
  const node = element("div", {}, [
    element("div", { className: "scroll runs" }, [
      element("table", {}, [element("thead", {}, [head]), body]),
    ]),
    more,
  ]);
  const isNumeric = columns.map(hasNumbersOnly);
  const order = { column: -1, descending: false };
  let [shown, rows]: [readonly number[], number] = [[], pageSize];
  const draw = (): void => {
    const values = columns[order.column]?.values;
    const sorted = values
      ? [...shown].sort((a, b) =>
          compareCells(values[a] ?? null, values[b] ?? null, order.descending),
        )
      : shown;
    body.replaceChildren(
      ...sorted.slice(0, rows).map((index) => rowNode(columns, isNumeric, index)),
    );
    more.hidden = sorted.length <= rows;
    more.textContent = `Show ${Math.min(pageSize, sorted.length - rows)} more`;
  };
  more.onclick = () => {
    rows += pageSize;
    draw();
  };
  head.append(
    ...columns.map(({ name }, column) => {
      const [cell, button] = headNode(name, isNumeric[column] === true);
      button.addEventListener("click", () => {
        order.descending = order.column === column && !order.descending;
        order.column = column;
        for (const other of head.children) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
        draw();
      });
      return cell;
    }),
  );
  return {
    node,
    show(indexes: readonly number[]): void {
      [shown, rows] = [indexes, pageSize];
      draw();
    },
  };
}

function hasNumbersOnly({ values }: ExperimentsBlock["columns"][number]): boolean {
  return values.every((value) => value === null || typeof value === "number");
}

function headNode(name: string, isNumeric: boolean): [HTMLElement, HTMLButtonElement] {
  const button = element("button", { type: "button", textContent: name, title: "Sort" });
  const className = isNumeric ? "number" : "";
  return [element("th", { scope: "col", className }, [button]), button];
}

function rowNode(
  columns: ExperimentsBlock["columns"],
  isNumeric: readonly boolean[],
  index: number,
): HTMLElement {
  const cells = columns.map(({ values }, column) => {
    const textContent = cellText(values[index]);
    const className = isNumeric[column] ? "number" : "";
    return element("td", { textContent, title: textContent, className });
  });
  return element("tr", {}, cells);
}

function divergedNodes(diverged: ExperimentsBlock["diverged"]): HTMLElement[] {
  if (diverged.length === 0) return [];
  const most = 100;
  const rows = diverged.slice(0, most).map(({ name, why }) => [name, why]);
  const rest = diverged.length > most ? ` The first ${most} of ${diverged.length}.` : "";
  return [
    element("h4", { textContent: "Diverged runs" }),
    element("p", {
      className: "note",
      textContent: `The last value is no finite number, or a thousand times the median.${rest}`,
    }),
    tableNode({ columns: ["run", "why"], rows }),
  ];
}
