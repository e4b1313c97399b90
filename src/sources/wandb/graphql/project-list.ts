import { z } from "zod";
import { ConfigError, SourceError } from "../../../core/errors.ts";
import type { GraphqlClient } from "../../../http/graphql.ts";

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
  const names: string[] = [];
  const seenCursors = new Set<string>();
  for (let after: string | undefined; ;) {
    const { edges, pageInfo } = await requestPage(graphql, entity, after);
    names.push(...edges.flatMap(({ node }) => (node ? [node.name] : [])));
    if (!pageInfo.hasNextPage) return [...new Set(names)];
    after = pageInfo.endCursor ?? undefined;
    if (after === undefined || seenCursors.has(after)) {
      throw new SourceError(`the projects of "${entity}": the cursor does not advance`);
    }
    seenCursors.add(after);
  }
}

type ProjectPage = NonNullable<z.output<typeof shape>["models"]>;

async function requestPage(
  graphql: GraphqlClient,
  entity: string,
  after: string | undefined,
): Promise<ProjectPage> {
  const variables = { entity, after: after ?? null, first: pageSize };
  const { data } = await graphql.request({ query: () => query, variables, shape });
  if (data.models) return data.models;
  if (data.viewer == null)
    throw new ConfigError("the service does not recognize the key; check wandb.api_key");
  throw new ConfigError(
    `no entity "${entity}", or the key has no access to it; check wandb.entity`,
  );
}
