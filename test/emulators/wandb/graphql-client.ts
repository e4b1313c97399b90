import { afterEach, beforeEach, expect } from "vitest";
import { z } from "zod";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";

/** The project that `graphqlClient` queries. */
export const vision = `project(name: "vision", entityName: "acme")`;

interface QueryOptions {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The arguments of `runs`. */
interface Listing {
  readonly filters?: string;
  readonly order?: string;
  readonly first?: number;
  readonly after?: unknown;
}

/** A plain GraphQL client for a W&B emulator. */
export function graphqlClient(wandb: Wandb) {
  const postText = (body: string, headers: QueryOptions["headers"] = {}): Promise<Response> =>
    fetch(`${wandb.url}/graphql`, {
      method: "POST",
      headers: { authorization: basic(wandb.apiKey), ...headers },
      body,
    });

  const post = (query: string, { variables, headers }: QueryOptions = {}): Promise<Response> =>
    postText(JSON.stringify({ query, variables }), headers);

  const statusAndBody = async (
    query: string,
    options?: QueryOptions,
  ): Promise<[number, unknown]> => {
    const response = await post(query, options);
    return [response.status, await response.json()];
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
  const readRunNames = async (listing: Listing): Promise<string[][]> => {
    const { edges, pageInfo } = await runsPage(listing);
    const names = edges.map(({ node }) => node.name);
    if (!pageInfo.hasNextPage) return [names];
    return [names, ...(await readRunNames({ ...listing, after: pageInfo.endCursor }))];
  };

  return { post, postText, statusAndBody, data, runFields, runsPage, readRunNames: readRunNames };
}

/** A plain GraphQL client. */
export type EmulatorClient = ReturnType<typeof graphqlClient>;

/** An emulator with an empty project `vision`, and a client of it. */
interface Emulator {
  readonly wandb: Wandb;
  readonly project: WandbProject;
  readonly client: EmulatorClient;
}

/** Starts an emulator for each test, passes it to `onStart`, and ends it after the test. */
export function useEmulator(onStart: (emulator: Emulator) => void): void {
  let wandb: Wandb;
  beforeEach(async () => {
    wandb = await startWandb();
    const project = wandb.workspace.addProject({ name: "vision" });
    onStart({ wandb, project, client: graphqlClient(wandb) });
  });
  afterEach(async () => {
    await wandb[Symbol.asyncDispose]();
  });
}

/** Matches any text in comparisons. */
export const anyText: unknown = expect.any(String);

/** The value of the header `Authorization` for a key. */
export function basic(key: string): string {
  return `Basic ${btoa(`api:${key}`)}`;
}

/** Parses an object. */
export function record(value: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(value);
}

/** The value at a path of names and indexes. */
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
