import type { Columns } from "../../../core/schema.ts";

/** The columns of `runs`: first those of the original connector, then what the service has besides. */
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

/** The columns of `metrics`: those of the original connector, and what a double cannot hold. */
export const metricColumns = {
  run_id: "string",
  step: "integer",
  metric_name: "string",
  metric_value: "double",
  timestamp: "timestamp",
  value_json: "json",
} as const satisfies Columns;

/** Columns and key of a table, with the project before both where there are several. */
export function tableOf(
  columns: Columns,
  key: readonly string[],
  several: boolean,
): { readonly columns: Columns; readonly primaryKey: readonly string[] } {
  if (!several) return { columns, primaryKey: key };
  return { columns: { project: "string", ...columns }, primaryKey: ["project", ...key] };
}
