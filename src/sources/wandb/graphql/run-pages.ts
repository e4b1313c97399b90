import { z } from "zod";
import { ConfigError, SourceError } from "../../../core/errors.ts";
import { elements, members } from "../../../json/text-scanner.ts";
import type { GraphqlClient, GraphqlResponse, Select } from "../../../http/graphql.ts";
import { PageSize } from "../../../http/paging/page-size.ts";
import type { RunPage } from "../reader/project-reader.ts";

/** A project as GraphQL knows it. */
export interface ProjectPath {
  readonly entity: string;
  readonly project: string;
}

export interface RunPageOptions extends ProjectPath {
  /** Filters as JSON text. */
  readonly filters: string;
  readonly order: "+heartbeat_at" | "+created_at" | "-created_at";
  /** Runs to ask for at once. */
  readonly size: number;
  /** What is wanted of each run. */
  readonly fields: (select: Select) => string;
}

const pageInfo = z.object({ endCursor: z.string().nullish(), hasNextPage: z.boolean() });
const pageShape = z.object({
  viewer: z.unknown().optional(),
  project: z
    .object({ total: z.int(), runs: z.object({ edges: z.array(z.unknown()), pageInfo }) })
    .nullish(),
});

/** Pages without a single run, one after the other, that say that there are more. */
const maxEmptyPages = 1000;

/**
 * The runs of a project, page by page. A page without runs is not the end: rows that may not be seen take up room in it. A page
 * that is too much for either side is asked for in a smaller size.
 *
 * Throws a SourceError where the pages do not go on.
 */
export async function* readRunPages(
  graphql: GraphqlClient,
  wanted: RunPageOptions,
): AsyncGenerator<RunPage> {
  const seen = new Set<string>();
  const size = new PageSize(wanted.size);
  let after: string | null = null;
  let empty = 0;
  for (let number = 1; ; number += 1) {
    const answer = await requestPage(graphql, { ...wanted, size, after });
    const { total, runs } = requireProject(answer.data, wanted);
    const rows = nodeTexts(answer.body.text);
    yield { rows, bytes: answer.body.bytes, number, total };
    const { endCursor, hasNextPage } = runs.pageInfo;
    if (!hasNextPage) return;
    empty = rows.length === 0 ? empty + 1 : 0;
    if (endCursor == null || seen.has(endCursor) || empty > maxEmptyPages) {
      throw new SourceError(
        `the runs of "${wanted.project}": page ${number + 1} does not go on; the cursor stands still`,
      );
    }
    seen.add(endCursor);
    after = endCursor;
  }
}

/** The project in an answer. Throws a ConfigError where there is none: an answer to a wrong key has no viewer either. */
export function requireProject<Project>(
  { viewer, project }: { readonly viewer?: unknown; readonly project?: Project | null | undefined },
  { entity, project: name }: ProjectPath,
): Project {
  if (project != null) return project;
  if (viewer == null)
    throw new ConfigError("the service does not know the key; check wandb.api_key");
  throw new ConfigError(
    `there is no project "${name}" of "${entity}", or the key may not see it; check wandb.entity and wandb.project`,
  );
}

/** A run of a page, as far as it was asked for. Throws a SourceError where it is something else. */
export function parseRunNode<Node>(text: string, shape: z.ZodType<Node>): Node {
  const node = shape.safeParse(JSON.parse(text));
  if (node.success) return node.data;
  const { error } = node;
  throw new SourceError(`graphql: a run: ${z.prettifyError(error)}`, { cause: error });
}

interface PageRequest extends Omit<RunPageOptions, "size"> {
  readonly size: PageSize;
  readonly after: string | null;
}

function requestPage(
  graphql: GraphqlClient,
  { fields, size, ...ask }: PageRequest,
): Promise<GraphqlResponse<z.output<typeof pageShape>>> {
  const { entity, project, filters, order, after } = ask;
  return size.requestWithSmallerPages(() =>
    graphql.request({
      ...size.limits,
      query: (select) => pageQuery(fields(select)),
      variables: { entity, project, filters, order, after, first: size.rows },
      shape: pageShape,
    }),
  );
}

function pageQuery(fields: string): string {
  return `query Runs($entity: String!, $project: String!, $filters: JSONString, $order: String, $first: Int, $after: String) {
  viewer { id }
  project(name: $project, entityName: $entity) {
    total: runCount(filters: $filters)
    runs(filters: $filters, order: $order, first: $first, after: $after) {
      edges { node { ${fields} } }
      pageInfo { endCursor hasNextPage }
    }
  }
}`;
}

/** The nodes of a page as the service spelled them. */
function nodeTexts(text: string): string[] {
  const project = members(members(members(text)?.get("data") ?? "")?.get("project") ?? "");
  const edges = elements(members(project?.get("runs") ?? "")?.get("edges") ?? "") ?? [];
  return edges
    .map((edge) => members(edge)?.get("node"))
    .filter((node) => node !== undefined && node !== "null")
    .map((node) => node ?? "");
}
