import { expect } from "vitest";
import { z } from "zod";
import type { Wandb } from "../../support/wandb.ts";

/** The project that `ask` asks about. */
export const vision = `project(name: "vision", entityName: "acme")`;

export interface QueryOptions {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The arguments of `runs`. */
export interface Listing {
  readonly filters?: string;
  readonly order?: string;
  readonly first?: number;
  readonly after?: unknown;
}

/** Questions to a stand-in as any client of GraphQL would put them. */
export function graphqlClient(wandb: Wandb) {
  const post = (query: string, { variables, headers }: QueryOptions = {}): Promise<Response> =>
    fetch(`${wandb.url}/graphql`, {
      method: "POST",
      headers: { authorization: basic(wandb.apiKey), ...headers },
      body: JSON.stringify({ query, variables }),
    });

  const statusAndBody = async (query: string, asked?: QueryOptions): Promise<[number, unknown]> => {
    const answer = await post(query, asked);
    return [answer.status, await answer.json()];
  };

  const data = async (query: string, variables = {}): Promise<Record<string, unknown>> => {
    const [status, body] = await statusAndBody(query, { variables });
    expect(body).not.toHaveProperty("errors");
    expect(status).toBe(200);
    return record(path(body, "data"));
  };

  const runFields = async (name: string, fields: string): Promise<Record<string, unknown>> => {
    const query = `query($name: String!) { ${vision} { run(name: $name) { ${fields} } } }`;
    return record(path(await data(query, { name }), "project", "run"));
  };

  const runsPage = async (listing: Listing) =>
    pageShape.parse(path(await data(runsQuery, listing), "project", "runs"));

  /** The names of the runs in each page, until there is no further page. */
  const walk = async (listing: Listing): Promise<string[][]> => {
    const { edges, pageInfo } = await runsPage(listing);
    const names = edges.map(({ node }) => node.name);
    if (!pageInfo.hasNextPage) return [names];
    return [names, ...(await walk({ ...listing, after: pageInfo.endCursor }))];
  };

  return { post, statusAndBody, data, runFields, runsPage, walk };
}

/** Stands for any text where values are compared. */
export const anyText: unknown = expect.any(String);

/** What goes into the header `Authorization`. */
export function basic(key: string): string {
  return `Basic ${btoa(`api:${key}`)}`;
}

export function record(value: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(value);
}

/** What is inside, below these names and indexes. */
export function path(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce((inner: unknown, name) => {
    return Array.isArray(inner)
      ? z.array(z.unknown()).parse(inner)[Number(name)]
      : record(inner)[name];
  }, value);
}

const runsQuery = `query($filters: JSONString, $order: String, $first: Int, $after: String) {
  ${vision} {
    runs(filters: $filters, order: $order, first: $first, after: $after) {
      edges { node { name } }
      pageInfo { endCursor hasNextPage }
    }
  }
}`;

const pageShape = z.object({
  edges: z.array(z.object({ node: z.object({ name: z.string() }) })),
  pageInfo: z.object({ endCursor: z.string().nullable(), hasNextPage: z.boolean() }),
});
