import type { Destination } from "../../core/destination.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { formatCount } from "../terminal/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { countMetrics } from "./metrics.ts";
import { asText, readRuns, type Run } from "./runs.ts";
import { selectRuns } from "./select-names.ts";

const defaultRuns = 20;

interface ListOptions {
  /** Runs that are named, separated by commas. Absent: the newest. */
  readonly run?: string | undefined;
  readonly limit?: number | undefined;
}

/** Shows the newest runs, or those that are named, and their metrics: what can be plotted. */
export async function listRuns(
  destination: Destination,
  terminal: Terminal,
  { run, limit = defaultRuns }: ListOptions,
): Promise<void> {
  const all = await readRuns(destination);
  const runs = run === undefined ? all : selectRuns(run, all);
  const shown = runs.slice(-limit).reverse();
  if (shown.length === 0) {
    terminal.print(`${destination.label}: has no runs yet`);
    return;
  }
  terminal.printStyled(formatRuns(shown, terminal));
  const hidden = runs.length - shown.length;
  if (hidden > 0)
    terminal.print(`… and ${formatCount(hidden)} older ones (--limit ${runs.length})`);
  const counts = await countMetrics(destination, shown);
  const title = hidden > 0 ? "Metrics of these runs" : "Metrics";
  terminal.printStyled(`\n${terminal.color.bold(title)}`);
  terminal.print(wrap([...counts.keys()].map(visibleLine), terminal.width));
}

/** Characters between two columns of a table. */
const gap = 2;
const minimumNameWidth = 10;

function formatRuns(runs: readonly Run[], terminal: Terminal): string {
  const fixed = runs.map(({ key, row }) => [
    key,
    asText(row["state"]),
    formatDay(row["created_at"]),
  ]);
  const titles = ["run", "state", "created"];
  const used = titles.map((title, index) =>
    Math.max(...[title, ...fixed.map((cells) => cells[index] ?? "")].map(({ length }) => length)),
  );
  const rest = terminal.width - used.reduce((sum, width) => sum + width + gap, 0);
  const nameWidth = Math.max(minimumNameWidth, rest);
  const rows = runs.map(({ name }, index) => {
    const [key = "", ...others] = fixed[index] ?? [];
    return [key, shorten(visibleLine(name), nameWidth), ...others];
  });
  return formatTable({ columns: ["run", "name", "state", "created"], rows }, terminal);
}

function formatDay(value: unknown): string {
  return (value instanceof Date ? value.toISOString() : asText(value)).slice(0, 10);
}

function shorten(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Words, separated by commas, in lines of at most `width`. */
function wrap(words: readonly string[], width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const [index, word] of words.entries()) {
    const text = index < words.length - 1 ? `${word},` : word;
    if (line !== "" && line.length + 1 + text.length > width) {
      lines.push(line);
      line = text;
    } else line = line === "" ? text : `${line} ${text}`;
  }
  return [...lines, line].join("\n");
}
