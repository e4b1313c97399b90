import { z } from "zod";
import type { Graphql } from "../../../http/graphql.ts";
import { epoch } from "../reader/instant.ts";
import {
  landmarkOf,
  newestRuns,
  type Creation,
  type Landmark,
} from "../reader/deletion-baseline.ts";
import type { Census } from "../reader/project-reader.ts";
import { known, runNode, runPages, type ProjectPlace } from "./run-pages.ts";
import { aliveSince, createdBefore, filterText, named, type Filters } from "./run-filters.ts";

export interface CensusOptions extends ProjectPlace {
  readonly filters: Filters;
  /** What an earlier census found. */
  readonly landmark: Landmark | undefined;
}

const nodeShape = z.object({ name: z.string(), createdAt: z.string() });
const shape = z.object({
  viewer: z.unknown().optional(),
  project: z
    .object({
      total: z.int(),
      dated: z.int(),
      below: z.int(),
      kept: z.int(),
      newest: z.object({
        edges: z.array(z.object({ node: nodeShape })),
        pageInfo: z.object({ hasNextPage: z.boolean() }),
      }),
    })
    .nullish(),
});

const query = `query Census($entity: String!, $project: String!, $filters: JSONString, $dated: JSONString, $below: JSONString, $kept: JSONString, $first: Int) {
  viewer { id }
  project(name: $project, entityName: $entity) {
    total: runCount(filters: $filters)
    dated: runCount(filters: $dated)
    below: runCount(filters: $below)
    kept: runCount(filters: $kept)
    newest: runs(filters: $filters, first: $first, order: "-created_at") {
      edges { node { name createdAt } }
      pageInfo { hasNextPage }
    }
  }
}`;

/**
 * Counts the runs of a project in one request. Deleted runs vanish without a trace; that there are fewer than at the landmark tells of
 * it, without listing them.
 */
export async function takeCensus(graphql: Graphql, options: CensusOptions): Promise<Census> {
  const { entity, project, filters, landmark } = options;
  const { data } = await graphql.ask({
    query: () => query,
    variables: {
      ...{ entity, project, first: newestRuns },
      filters: filterText(filters),
      dated: filterText(filters, aliveSince(epoch)),
      below: filterText(filters, createdBefore(landmark?.instant ?? epoch)),
      kept: filterText(filters, named(landmark?.newest ?? [])),
    },
    shape,
  });
  const { total, dated, below, kept, newest } = known(data, options);
  const isHidden = newest.edges.length === 0 && newest.pageInfo.hasNextPage;
  const created = isHidden
    ? await newestCreated(graphql, options)
    : newest.edges.map(({ node }) => creationOf(node));
  return {
    ...{ total, below, kept },
    undated: total - dated,
    next: landmarkOf(created, total),
  };
}

/** The newest runs, where the first page of them is hidden. */
async function newestCreated(graphql: Graphql, options: CensusOptions): Promise<Creation[]> {
  const pages = runPages(graphql, {
    ...options,
    filters: filterText(options.filters),
    order: "-created_at",
    size: newestRuns,
    fields: () => "name createdAt",
  });
  for await (const { rows } of pages) {
    if (rows.length > 0) return rows.map((row) => creationOf(runNode(row, nodeShape)));
  }
  return [];
}

function creationOf({ name, createdAt }: z.output<typeof nodeShape>): Creation {
  return { id: name, created: createdAt };
}
