import { setTimeout } from "node:timers/promises";
import {
  execute,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  visit,
} from "graphql";
import type { DocumentNode, GraphQLSchema } from "graphql";
import { z } from "zod";
import { graphqlErrors, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import type { WandbBackend } from "./backend.ts";
import { queryResolvers } from "./query-resolvers.ts";
import { wandbSchema } from "./schema.ts";

/** A GraphQL request. */
export type GraphqlRequest = z.infer<typeof bodyShape>;

const bodyShape = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** The body of a request, or undefined where it is none. */
export function parseGraphqlRequest(text: string): GraphqlRequest | undefined {
  try {
    return bodyShape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Answers GraphQL with `graphql-js`: introspection is refused, as some servers do. Keeps what it parsed. */
export class GraphqlEngine {
  readonly #servers = new Map<string, CachedSchema>();

  async respond(
    body: GraphqlRequest,
    call: WandbBackend,
    knownKey: boolean,
  ): Promise<HttpResponse> {
    const { faults } = call;
    const server = this.#server(faults.missingFields);
    const { document, errors, singleRuns } = cachedQuery(server, body.query);
    if (!document) return graphqlErrors(400, ...errors);
    const extra = singleRuns - (faults.complexity?.runs ?? Infinity);
    if (extra > 0 && faults.complexity) {
      const { slowMs } = faults.complexity;
      if (slowMs === undefined) return graphqlErrors(400, "the query is too complex");
      await setTimeout(extra * slowMs, undefined, { ref: false });
    }
    return await executeQuery(server.schema, document, {
      body,
      root: queryResolvers(call, knownKey),
    });
  }

  #server(missingFields: readonly string[] = []): CachedSchema {
    const name = missingFields.join(" ");
    const known = this.#servers.get(name);
    if (known) return known;
    const added = { schema: wandbSchema(missingFields), documents: new Map<string, ParsedQuery>() };
    this.#servers.set(name, added);
    return added;
  }
}

/** A server of one age, with the queries that it has seen. */
interface CachedSchema {
  readonly schema: GraphQLSchema;
  readonly documents: Map<string, ParsedQuery>;
}

interface ParsedQuery {
  /** Undefined where the query is not valid. */
  readonly document?: DocumentNode;
  readonly errors: readonly string[];
  /** How often the query asks for one run. */
  readonly singleRuns: number;
}

const maxCachedQueries = 100;

function cachedQuery({ schema, documents }: CachedSchema, query: string): ParsedQuery {
  const known = documents.get(query);
  if (known) return known;
  if (documents.size >= maxCachedQueries) documents.clear();
  const planned = parseQuery(schema, query);
  documents.set(query, planned);
  return planned;
}

function parseQuery(schema: GraphQLSchema, query: string): ParsedQuery {
  const invalid = (errors: readonly GraphQLError[]): ParsedQuery => ({
    errors: errors.map(({ message }) => message),
    singleRuns: 0,
  });
  try {
    const document = parse(query);
    const rules = [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const errors = validate(schema, document, rules, { hideSuggestions: true });
    if (errors.length > 0) return invalid(errors);
    return { document, errors: [], singleRuns: countRunFields(document) };
  } catch (error) {
    if (error instanceof GraphQLError) return invalid([error]);
    throw error;
  }
}

function countRunFields(document: DocumentNode): number {
  let count = 0;
  visit(document, {
    [Kind.FIELD]: ({ name }) => {
      if (name.value === "run") count += 1;
    },
  });
  return count;
}

async function executeQuery(
  schema: GraphQLSchema,
  document: DocumentNode,
  { body, root }: { readonly body: GraphqlRequest; readonly root: object },
): Promise<HttpResponse> {
  const result = await execute({
    schema,
    document,
    rootValue: root,
    variableValues: body.variables,
    operationName: body.operationName,
  });
  const refused = result.errors?.find(
    ({ originalError }) => originalError instanceof ResponseError,
  );
  if (refused?.originalError instanceof ResponseError) return refused.originalError.response;
  const errors = result.errors?.map(({ message, path }) => ({ message, path }));
  // Without data nothing was executed: the variables did not fit.
  const status = result.data === undefined ? 400 : 200;
  return { status, text: JSON.stringify({ errors, data: result.data }) };
}
