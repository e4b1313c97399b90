import { z } from "zod";
import { toTimestamp } from "../../core/timestamp.ts";
import type { Graphql } from "../../http/graphql.ts";
import { epoch } from "./instant.ts";
import type { Census, Landmark } from "./reader.ts";
import { known, runNode, runPages, type ProjectPlace } from "./run-connection.ts";
import { aliveSince, createdBefore, filterText, type Filters } from "./run-filters.ts";

export interface CensusOptions extends ProjectPlace {
  readonly filters: Filters;
  /** The instant that an earlier census named. */
  readonly landmark: string | undefined;
}

/** So many of the newest runs are looked at; more that were created in the same moment make no landmark. */
const newestRuns = 5;

const edge = z.object({ node: z.object({ createdAt: z.string() }) });
const shape = z.object({
  viewer: z.unknown().optional(),
  project: z
    .object({
      total: z.int(),
      dated: z.int(),
      below: z.int(),
      upTo: z.int(),
      newest: z.object({
        edges: z.array(edge),
        pageInfo: z.object({ hasNextPage: z.boolean() }),
      }),
    })
    .nullish(),
});

const query = `query Census($entity: String!, $project: String!, $filters: JSONString, $dated: JSONString, $below: JSONString, $upTo: JSONString, $first: Int) {
  viewer { id }
  project(name: $project, entityName: $entity) {
    total: runCount(filters: $filters)
    dated: runCount(filters: $dated)
    below: runCount(filters: $below)
    upTo: runCount(filters: $upTo)
    newest: runs(filters: $filters, first: $first, order: "-created_at") {
      edges { node { createdAt } }
      pageInfo { hasNextPage }
    }
  }
}`;

/**
 * Counts the runs of a project in one request. Deleted runs vanish without a trace; that there are fewer which were created before
 * some instant tells of it, without listing them.
 */
export async function takeCensus(graphql: Graphql, options: CensusOptions): Promise<Census> {
  const { entity, project, filters, landmark = epoch } = options;
  const { data } = await graphql.ask({
    query: () => query,
    variables: {
      ...{ entity, project, first: newestRuns },
      filters: filterText(filters),
      dated: filterText(filters, aliveSince(epoch)),
      below: filterText(filters, createdBefore(landmark, "$lt")),
      upTo: filterText(filters, createdBefore(landmark, "$lte")),
    },
    shape,
  });
  const { total, dated, below, upTo, newest } = known(data, options);
  const isHidden = newest.edges.length === 0 && newest.pageInfo.hasNextPage;
  const created = isHidden
    ? await newestCreated(graphql, options)
    : newest.edges.map(({ node }) => node.createdAt);
  return {
    ...{ total, below },
    undated: total - dated,
    at: upTo - below,
    next: landmarkOf(created.slice(0, newestRuns), total),
  };
}

/** When the newest runs were created, where the first page of them is hidden. */
async function newestCreated(graphql: Graphql, options: CensusOptions): Promise<string[]> {
  const pages = runPages(graphql, {
    ...options,
    filters: filterText(options.filters),
    order: "-created_at",
    size: newestRuns,
    fields: () => "createdAt",
  });
  for await (const { rows } of pages) {
    if (rows.length > 0) return rows.map((row) => runNode(row, edge.shape.node).createdAt);
  }
  return [];
}

/** The moment in which the newest run was created; undefined where it cannot be told how many were created in it. */
function landmarkOf(created: readonly string[], total: number): Landmark | undefined {
  const instants = created.map(toTimestamp);
  const [instant] = instants;
  const at = instants.filter((each) => each === instant).length;
  if (total === 0) return { instant: epoch, below: 0, at: 0 };
  if (instant === undefined || (at === newestRuns && total > at)) return undefined;
  return { instant, below: total - at, at };
}
