import type { Columns } from "../../../core/schema.ts";

/** The columns of `runs`: those of the original connector first, then what else W&B offers. */
export const runColumns = {
  run_id: "string",
  name: "string",
  state: "string",
  user: "string",
  created_at: "timestamp",
  updated_at: "timestamp",
  tags: "json",
  config_json: "json",
  summary_json: "json",
  display_name: "string",
  group: "string",
  job_type: "string",
  sweep: "string",
  notes: "string",
  description: "string",
  host: "string",
  commit: "string",
  heartbeat_at: "timestamp",
  history_line_count: "integer",
  raw: "json",
} as const satisfies Columns;

/**
 * The columns of `metrics`: those of the original connector, and `value_json` for what a double
 * cannot hold.
 */
export const metricColumns = {
  run_id: "string",
  step: "integer",
  metric_name: "string",
  metric_value: "double",
  timestamp: "timestamp",
  value_json: "json",
} as const satisfies Columns;

/**
 * The columns and primary key of a table; if several projects are copied, `project` precedes both.
 */
export function tableOf(
  columns: Columns,
  key: readonly string[],
  multiProject: boolean,
): { readonly columns: Columns; readonly primaryKey: readonly string[] } {
  if (!multiProject) return { columns, primaryKey: key };
  return { columns: { project: "string", ...columns }, primaryKey: ["project", ...key] };
}
