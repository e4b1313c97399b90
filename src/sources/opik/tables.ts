import type { Columns } from "../../core/schema.ts";

/** Who created and last changed an object, and when. */
const audited = {
  created_at: "timestamp",
  created_by: "string",
  last_updated_at: "timestamp",
  last_updated_by: "string",
} as const satisfies Columns;

/**
 * The columns of `opik_project`.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/projects/find-projects
 */
export const projectColumns = {
  project_id: "string",
  name: "string",
  visibility: "string",
  ...audited,
  raw: "json",
  description: "string",
  last_updated_trace_at: "timestamp",
} as const satisfies Columns;

/**
 * The columns of `opik_dataset`.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/datasets/find-datasets
 */
export const datasetColumns = {
  dataset_id: "string",
  name: "string",
  visibility: "string",
  ...audited,
  raw: "json",
  project_id: "string",
  type: "string",
  status: "string",
  description: "string",
  tags: "json",
  dataset_items_count: "integer",
  experiment_count: "integer",
  optimization_count: "integer",
  most_recent_experiment_at: "timestamp",
  last_created_experiment_at: "timestamp",
  most_recent_optimization_at: "timestamp",
  last_created_optimization_at: "timestamp",
  version_hash: "string",
  version_name: "string",
  latest_version: "json",
} as const satisfies Columns;

/**
 * The columns of `opik_dataset_item`.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/datasets/get-dataset-items
 */
export const itemColumns = {
  item_id: "string",
  dataset_id: "string",
  inputs: "json",
  outputs: "json",
  metadata: "json",
  created_at: "timestamp",
  raw: "json",
  data: "json",
  source: "string",
  trace_id: "string",
  span_id: "string",
  description: "string",
  tags: "json",
  evaluators: "json",
  execution_policy: "json",
  created_by: "string",
  last_updated_at: "timestamp",
  last_updated_by: "string",
} as const satisfies Columns;
