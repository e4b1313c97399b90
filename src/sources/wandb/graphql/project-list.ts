import { withCallerMessage } from "../../../core/caller-message.ts";
import { z } from "zod";
import { ConfigError, SourceError } from "../../../core/errors.ts";
import type { GraphqlClient } from "../../../http/graphql.ts";
import { unknownKey, type ProjectPath } from "./project-path.ts";

const shape = z.object({
  viewer: z.unknown().optional(),
  models: z
    .object({
      edges: z.array(z.object({ node: z.object({ name: z.string() }).nullish() })),
      pageInfo: z.object({ endCursor: z.string().nullish(), hasNextPage: z.boolean() }),
    })
    .nullish(),
});

const query = `query Projects($entity: String!, $after: String, $first: Int) {
  viewer { id }
  models(entityName: $entity, after: $after, first: $first) {
    edges { node { name } }
    pageInfo { endCursor hasNextPage }
  }
}`;

/** The page size of the official SDK. */
const pageSize = 200;

/**
 * The names of all projects of an entity. Throws a ConfigError if the entity does not exist, or the
 * key has no access to it.
 */
export async function listProjects(
  graphql: GraphqlClient,
  entity: string,
): Promise<readonly string[]> {
  const names = new Set<string>();
  const cursors = new Set<string | null>();
  for (let after: string | null = null; ;) {
    cursors.add(after);
    const variables: Readonly<Record<string, unknown>> = { entity, after, first: pageSize };
    const { data } = await graphql.request({ query: () => query, variables, shape });
    if (data.viewer == null) throw unknownKey();
    if (!data.models) {
      throw withCallerMessage(
        new ConfigError(
          `no entity "${entity}", or the key has no access to it; check wandb.entity`,
        ),
        "there is no such entity, or the key has no access to it; check wandb.entity",
      );
    }
    const { edges, pageInfo } = data.models;
    for (const { node } of edges) if (node) names.add(node.name);
    if (!pageInfo.hasNextPage) return [...names];
    after = pageInfo.endCursor ?? null;
    if (cursors.has(after))
      throw new SourceError(`the projects of "${entity}": the cursor does not advance`);
  }
}

const projectShape = z.object({ viewer: z.unknown().optional(), project: z.unknown().optional() });

const projectQuery = `query Project($entity: String!, $project: String!) {
  viewer { id }
  project(name: $project, entityName: $entity) { id }
}`;

/** Whether a project exists and the key has access to it. */
export async function projectExists(graphql: GraphqlClient, path: ProjectPath): Promise<boolean> {
  const request = { query: () => projectQuery, variables: { ...path }, shape: projectShape };
  const { data } = await graphql.request(request);
  if (data.viewer == null) throw unknownKey();
  return data.project != null;
}
