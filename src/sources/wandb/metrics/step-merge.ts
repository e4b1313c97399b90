import { type Row, plainText } from "../../../core/schema.ts";
import type { Step } from "../reader/line-step.ts";

/** A line of a step, and its rows. */
interface LineRows {
  readonly line: string;
  readonly rows: readonly Row[];
}

interface MergedRow {
  readonly row: Row;
  readonly line: string;
}

/**
 * Merges the rows of several lines of one step, as two writers leave them: each adds its metrics.
 * Where two lines have the same metric, the later one counts.
 */
export class StepMerge {
  readonly #step: Step;
  readonly #rows = new Map<string, MergedRow>();
  /** The metrics of lines whose value another line replaced. */
  readonly #replaced = new Map<string, string[]>();

  constructor(step: Step, first: LineRows) {
    this.#step = step;
    this.add(first);
  }

  /** Adds a later line. */
  add({ line, rows }: LineRows): void {
    for (const row of rows) {
      const name = plainText(row["metric_name"]);
      const earlier = this.#rows.get(name);
      if (earlier && !hasSameValue(earlier.row, row)) this.#replace(earlier.line, name);
      this.#rows.set(name, { row, line });
    }
  }

  /** The rows of the step, in the order of their metrics. */
  rows(): Row[] {
    return [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { row }]) => row);
  }

  /** The lines of which a value does not count. */
  outvoted(): { readonly line: string; readonly reason: string }[] {
    return [...this.#replaced].map(([line, names]) => ({ line, reason: this.#reasonFor(names) }));
  }

  #replace(line: string, name: string): void {
    const names = this.#replaced.get(line) ?? [];
    if (!names.includes(name)) names.push(name);
    this.#replaced.set(line, names);
  }

  #reasonFor([first = "", ...others]: readonly string[]): string {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `a later line of step ${this.#step} has another value of "${first}"${more}, which was stored`;
  }
}

function hasSameValue(a: Row, b: Row): boolean {
  return a["metric_value"] === b["metric_value"] && a["value_json"] === b["value_json"];
}
