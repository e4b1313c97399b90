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
import { errorsAnswer, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import type { Call } from "./backend.ts";
import { queryView } from "./query-resolvers.ts";
import { wandbSchema } from "./schema.ts";

/** A GraphQL request. */
export type GraphqlBody = z.infer<typeof bodyShape>;

const bodyShape = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** The body of a request, or undefined where it is none. */
export function parseBody(text: string): GraphqlBody | undefined {
  try {
    return bodyShape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Answers GraphQL with `graphql-js`: introspection is refused, as some servers do. Keeps what it parsed. */
export class GraphqlEngine {
  readonly #servers = new Map<string, Prepared>();

  async answer(body: GraphqlBody, call: Call, knownKey: boolean): Promise<Answer> {
    const { traps } = call;
    const server = this.#server(traps.missingFields);
    const { document, errors, singleRuns } = prepare(server, body.query);
    if (!document) return errorsAnswer(400, ...errors);
    const extra = singleRuns - (traps.complexity?.runs ?? Infinity);
    if (extra > 0 && traps.complexity) {
      const { slowMs } = traps.complexity;
      if (slowMs === undefined) return errorsAnswer(400, "the query is too complex");
      await setTimeout(extra * slowMs, undefined, { ref: false });
    }
    return await executed(server.schema, document, { body, root: queryView(call, knownKey) });
  }

  #server(missingFields: readonly string[] = []): Prepared {
    const name = missingFields.join(" ");
    const known = this.#servers.get(name);
    if (known) return known;
    const added = { schema: wandbSchema(missingFields), documents: new Map<string, Plan>() };
    this.#servers.set(name, added);
    return added;
  }
}

/** A server of one age, with the queries that it has seen. */
interface Prepared {
  readonly schema: GraphQLSchema;
  readonly documents: Map<string, Plan>;
}

interface Plan {
  /** Undefined where the query is not valid. */
  readonly document?: DocumentNode;
  readonly errors: readonly string[];
  /** How often the query asks for one run. */
  readonly singleRuns: number;
}

const mostDocuments = 100;

function prepare({ schema, documents }: Prepared, query: string): Plan {
  const known = documents.get(query);
  if (known) return known;
  if (documents.size >= mostDocuments) documents.clear();
  const planned = plan(schema, query);
  documents.set(query, planned);
  return planned;
}

function plan(schema: GraphQLSchema, query: string): Plan {
  const invalid = (errors: readonly GraphQLError[]): Plan => ({
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

async function executed(
  schema: GraphQLSchema,
  document: DocumentNode,
  { body, root }: { readonly body: GraphqlBody; readonly root: object },
): Promise<Answer> {
  const result = await execute({
    schema,
    document,
    rootValue: root,
    variableValues: body.variables,
    operationName: body.operationName,
  });
  const refused = result.errors?.find(({ originalError }) => originalError instanceof Refusal);
  if (refused?.originalError instanceof Refusal) return refused.originalError.answer;
  const errors = result.errors?.map(({ message, path }) => ({ message, path }));
  // Without data nothing was executed: the variables did not fit.
  const status = result.data === undefined ? 400 : 200;
  return { status, text: JSON.stringify({ errors, data: result.data }) };
}
