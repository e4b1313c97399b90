import type { Cell, ExperimentsBlock } from "../blocks.ts";

type Column = ExperimentsBlock["columns"][number];

/** Whether the row at an index is shown. */
type Test = (index: number) => boolean;

/**
 * Reads a filter: words that a text of the row contains, and comparisons such as `lr<0.01` or
 * `optimizer=adam`, all of which must hold.
 */
export function parseFilter(text: string, columns: readonly Column[]): Test {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const tests = words.map((word) => comparison(word, columns) ?? contains(word, columns));
  return (index) => tests.every((test) => test(index));
}

function contains(word: string, columns: readonly Column[]): Test {
  const wanted = word.toLowerCase();
  const texts = columns.filter(({ values }) => values.some((value) => typeof value === "string"));
  return (index) =>
    texts.some(({ values }) =>
      String(values[index] ?? "")
        .toLowerCase()
        .includes(wanted),
    );
}

function comparison(word: string, columns: readonly Column[]): Test | undefined {
  const [, name = "", operator = "", wanted = ""] =
    /^([^<>=!]+)(<=|>=|!=|<|>|=)(.*)$/.exec(word) ?? [];
  const column = columns.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!column) return undefined;
  return (index) => holds(column.values[index] ?? null, operator, wanted);
}

function holds(value: Cell, operator: string, wanted: string): boolean {
  const isSame =
    String(value ?? "").toLowerCase() === wanted.toLowerCase() ||
    (typeof value === "number" && wanted !== "" && value === Number(wanted));
  if (operator === "=") return isSame;
  if (operator === "!=") return !isSame;
  if (value === null) return false;
  const order = typeof value === "number" ? value - Number(wanted) : compareText(value, wanted);
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  if (operator === ">") return order > 0;
  return order >= 0;
}

function compareText(a: string | boolean, b: string): number {
  return String(a) < b ? -1 : String(a) > b ? 1 : 0;
}

/** Orders two cells: numbers by size, texts by letters, nothing last. */
export function compareCells(a: Cell, b: Cell, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order =
    typeof a === "number" && typeof b === "number" ? a - b : compareText(String(a), String(b));
  return descending ? -order : order;
}
