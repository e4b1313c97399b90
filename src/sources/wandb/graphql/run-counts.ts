import { z } from "zod";
import type { GraphqlClient } from "../../../http/graphql.ts";
import {
  baselineFrom,
  newestRunCount,
  type DeletionBaseline,
  type RunCreation,
} from "../reader/deletion-baseline.ts";
import { epoch } from "../reader/instant.ts";
import type { RunCounts } from "../reader/project-reader.ts";
import {
  combineFilters,
  createdBefore,
  heartbeatSince,
  withIds,
  type Filters,
} from "./run-filters.ts";
import { parseRunNode, readRunPages, requireProject, type ProjectPath } from "./run-pages.ts";

interface CountRunsOptions extends ProjectPath {
  readonly filters: Filters;
  /** The baseline that an earlier sync saved. */
  readonly baseline: DeletionBaseline | undefined;
}

const nodeShape = z.object({ name: z.string(), createdAt: z.string() });
const shape = z.object({
  viewer: z.unknown().optional(),
  project: z
    .object({
      total: z.int(),
      dated: z.int(),
      below: z.int(),
      remaining: z.int(),
      newest: z.object({
        edges: z.array(z.object({ node: nodeShape })),
        pageInfo: z.object({ hasNextPage: z.boolean() }),
      }),
    })
    .nullish(),
});

const query = `query RunCounts($entity: String!, $project: String!, $filters: JSONString, $dated: JSONString, $below: JSONString, $remaining: JSONString, $first: Int) {
  viewer { id }
  project(name: $project, entityName: $entity) {
    total: runCount(filters: $filters)
    dated: runCount(filters: $dated)
    below: runCount(filters: $below)
    remaining: runCount(filters: $remaining)
    newest: runs(filters: $filters, first: $first, order: "-created_at") {
      edges { node { name createdAt } }
      pageInfo { hasNextPage }
    }
  }
}`;

/**
 * Counts the runs of a project in one request. Deleted runs leave no trace, but fewer runs than in
 * the baseline reveal them without listing all.
 */
export async function countRuns(
  graphql: GraphqlClient,
  options: CountRunsOptions,
): Promise<RunCounts> {
  const { entity, project, filters, baseline } = options;
  const { data } = await graphql.request({
    query: () => query,
    variables: {
      ...{ entity, project, first: newestRunCount },
      filters: combineFilters(filters),
      dated: combineFilters(filters, heartbeatSince(epoch)),
      below: combineFilters(filters, createdBefore(baseline?.instant ?? epoch)),
      remaining: combineFilters(filters, withIds(baseline?.newest ?? [])),
    },
    shape,
  });
  const { total, dated, below, remaining, newest } = requireProject(data, options);
  const isHidden = newest.edges.length === 0 && newest.pageInfo.hasNextPage;
  const created = isHidden
    ? await readNewestRuns(graphql, options)
    : newest.edges.map(({ node }) => creationOf(node));
  return {
    ...{ total, below, remaining },
    undated: total - dated,
    nextBaseline: baselineFrom(created, total),
  };
}

/** The newest runs, if the first page contains only runs that the key has no access to. */
async function readNewestRuns(
  graphql: GraphqlClient,
  options: CountRunsOptions,
): Promise<RunCreation[]> {
  const pages = readRunPages(graphql, {
    ...options,
    filters: combineFilters(options.filters),
    order: "-created_at",
    size: newestRunCount,
    fields: () => "name createdAt",
  });
  for await (const { rows } of pages) {
    if (rows.length > 0) return rows.map((row) => creationOf(parseRunNode(row, nodeShape)));
  }
  return [];
}

function creationOf({ name, createdAt }: z.output<typeof nodeShape>): RunCreation {
  return { id: name, created: createdAt };
}
