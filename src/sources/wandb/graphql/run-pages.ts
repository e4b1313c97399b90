import { z } from "zod";
import { ConfigError, SourceError } from "../../../core/errors.ts";
import type { GraphqlClient, GraphqlResponse, Select } from "../../../http/graphql.ts";
import { PageSize } from "../../../http/paging/page-size.ts";
import { elements, members } from "../../../json/text-scanner.ts";
import type { RunPage } from "../reader/project-reader.ts";

/** Where a project is: the path `entity/project` in W&B. */
export interface ProjectPath {
  readonly entity: string;
  readonly project: string;
}

/** Which runs to read, and what of each. */
export interface RunPageOptions extends ProjectPath {
  /** A filter as JSON text. */
  readonly filters: string;
  readonly order: "+heartbeat_at" | "+created_at" | "-created_at";
  /** Maximum runs per page. */
  readonly size: number;
  /** The fields to select of each run. */
  readonly fields: (select: Select) => string;
}

const pageInfo = z.object({ endCursor: z.string().nullish(), hasNextPage: z.boolean() });
const pageShape = z.object({
  viewer: z.unknown().optional(),
  project: z
    .object({ total: z.int(), runs: z.object({ edges: z.array(z.unknown()), pageInfo }) })
    .nullish(),
});

/** Consecutive pages without a run, but with a next page, before giving up. */
const maxEmptyPages = 1000;

/**
 * Reads the runs of a project, page by page. A page without runs is not the end: runs that the key
 * has no access to take up room in it. A page that is too large for either side is requested again
 * in a smaller size.
 *
 * Throws a SourceError if the cursor does not advance.
 */
export async function* readRunPages(
  graphql: GraphqlClient,
  options: RunPageOptions,
): AsyncGenerator<RunPage> {
  const seenCursors = new Set<string>();
  const size = new PageSize(options.size);
  let after: string | null = null;
  let emptyPages = 0;
  for (let number = 1; ; number += 1) {
    const response = await requestPage(graphql, { ...options, size, after });
    const { total, runs } = requireProject(response.data, options);
    const rows = nodeTexts(response.body.text);
    yield { rows, bytes: response.body.bytes, number, total };
    const { endCursor, hasNextPage } = runs.pageInfo;
    if (!hasNextPage) return;
    emptyPages = rows.length === 0 ? emptyPages + 1 : 0;
    if (endCursor == null || seenCursors.has(endCursor) || emptyPages > maxEmptyPages) {
      throw new SourceError(
        `the runs of "${options.project}": the cursor does not advance after page ${number}`,
      );
    }
    seenCursors.add(endCursor);
    after = endCursor;
  }
}

/**
 * The project in a response. Throws a ConfigError if there is none; after a wrong key, there is no
 * viewer either.
 */
export function requireProject<Project>(
  { viewer, project }: { readonly viewer?: unknown; readonly project?: Project | null | undefined },
  { entity, project: name }: ProjectPath,
): Project {
  if (project != null) return project;
  if (viewer == null)
    throw new ConfigError("the service does not recognize the key; check wandb.api_key");
  throw new ConfigError(
    `no project "${name}" in "${entity}", or the key has no access to it; check wandb.entity and wandb.project`,
  );
}

/** Parses the requested fields of a run. Throws a SourceError if they do not fit the shape. */
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
  { fields, size, ...request }: PageRequest,
): Promise<GraphqlResponse<z.output<typeof pageShape>>> {
  const { entity, project, filters, order, after } = request;
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

/** The nodes of a page, exactly as the service sent them. */
function nodeTexts(text: string): string[] {
  const project = members(members(members(text)?.get("data") ?? "")?.get("project") ?? "");
  const edges = elements(members(project?.get("runs") ?? "")?.get("edges") ?? "") ?? [];
  return edges
    .map((edge) => members(edge)?.get("node"))
    .filter((node) => node !== undefined && node !== "null")
    .map((node) => node ?? "");
}
