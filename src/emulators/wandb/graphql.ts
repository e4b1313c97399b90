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
import { operationCounter, type WandbBackend } from "./backend.ts";
import type { WandbFaults } from "./faults.ts";
import { type GraphqlRequest, operationName } from "./graphql-request.ts";
import { unmarkLargeIntegers } from "./json.ts";
import { queryResolvers } from "./query-resolvers.ts";
import { graphqlErrors, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { wandbSchema } from "./schema.ts";

/**
 * Executes queries with `graphql-js`. Rejects introspection, as some servers do; caches parsed
 * queries.
 */
export class GraphqlEngine {
  readonly #schemas = new Map<string, CachedSchema>();

  /** Answers a request; without a valid key all data is null. */
  async respond(
    body: GraphqlRequest,
    backend: WandbBackend,
    isAuthenticated: boolean,
  ): Promise<HttpResponse> {
    const { faults } = backend;
    const cached = this.#schema(faults.missingFields);
    const { document, errors, singleRuns } = cachedQuery(cached, body.query);
    if (!document) return invalidQuery(errors, faults);
    operationCounter(backend.counters, operationName(body)).singleRuns += singleRuns;
    const extra = singleRuns - (faults.complexity?.runs ?? Infinity);
    if (extra > 0 && faults.complexity) {
      const { slowMs } = faults.complexity;
      if (slowMs === undefined) return graphqlErrors(400, "the query is too complex");
      await setTimeout(extra * slowMs, undefined, { ref: false });
    }
    return await executeQuery(cached.schema, document, {
      body,
      root: queryResolvers(backend, isAuthenticated),
    });
  }

  #schema(missingFields: readonly string[] = []): CachedSchema {
    const name = missingFields.join(" ");
    const cached = this.#schemas.get(name);
    if (cached) return cached;
    const added = { schema: wandbSchema(missingFields), documents: new Map<string, ParsedQuery>() };
    this.#schemas.set(name, added);
    return added;
  }
}

/** As servers with other implementations of GraphQL answer, some with 200 or other quotes. */
function invalidQuery(
  errors: readonly string[],
  { invalidQuery: { status = 400, quotes } = {} }: WandbFaults,
): HttpResponse {
  const messages = quotes ? errors.map((message) => message.replaceAll('"', "'")) : errors;
  return graphqlErrors(status, ...messages);
}

/** The schema of a server of one version, with the queries parsed for it. */
interface CachedSchema {
  readonly schema: GraphQLSchema;
  readonly documents: Map<string, ParsedQuery>;
}

interface ParsedQuery {
  /** Undefined if the query is invalid. */
  readonly document?: DocumentNode;
  readonly errors: readonly string[];
  /** The number of single runs that the query selects. */
  readonly singleRuns: number;
}

const maxCachedQueries = 100;

function cachedQuery({ schema, documents }: CachedSchema, query: string): ParsedQuery {
  const cached = documents.get(query);
  if (cached) return cached;
  if (documents.size >= maxCachedQueries) documents.clear();
  const parsed = parseQuery(schema, query);
  documents.set(query, parsed);
  return parsed;
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
  // Without data nothing was executed: a variable has the wrong type.
  const status = result.data === undefined ? 400 : 200;
  return { status, text: unmarkLargeIntegers(JSON.stringify({ errors, data: result.data })) };
}
