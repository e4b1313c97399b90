import { ConfigError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggestion.ts";
import { flatMembers } from "../../json/flat-members.ts";
import { runColumns, type Run } from "./runs.ts";

/** The value of each run by which it is grouped, as text. */
type GroupOf = (run: Run) => string;

/**
 * Reads `config.lr`, also nested (`config.model.depth`), or a column of the runs (`state`). Throws
 * a ConfigError if no run has it.
 */
export function parseGroup(text: string, runs: readonly Run[]): GroupOf {
  const columns: readonly string[] = [...runColumns, "project"];
  if (columns.includes(text)) return ({ row }) => asGroup(row[text]);
  const key = text.replace(/^config\./, "");
  const configs = new Map(runs.map((run) => [run, flatMembers(run.row["config_json"])]));
  const keys = [...new Set([...configs.values()].flatMap((config) => [...config.keys()]))];
  const wanted = key === text ? undefined : key;
  if (wanted === undefined || !keys.includes(wanted)) {
    const valid = [...keys.map((name) => `config.${name}`), ...columns];
    throw new ConfigError(`--group ${text}: unknown; ${suggestion(text, valid)}`);
  }
  return (run) => asGroup(configs.get(run)?.get(wanted));
}

function asGroup(value: unknown): string {
  if (value === undefined || value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
