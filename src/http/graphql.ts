import { z } from "zod";
import { SourceError, TransientError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Body } from "./body.ts";
import type { Client } from "./client.ts";
import { parseJson } from "./json-body.ts";

/**
 * Those of a type's fields that the server knows, as a selection. A field may have a selection of its own: its name
 * comes first.
 */
export type Select = (type: string, fields: readonly string[]) => string;

/** What is asked of a GraphQL service. */
export interface GraphqlRequest<Data> {
  /** Writes the query. Fields that some servers lack go through `select`. */
  readonly query: (select: Select) => string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What `data` has to be. */
  readonly shape: z.ZodType<Data>;
  /** Takes an answer of which parts failed; without it any error fails the request. */
  readonly allowPartial?: boolean;
  readonly retryAttempts?: number;
  readonly maxResponseBytes?: number;
}

export interface GraphqlResponse<Data> {
  readonly data: Data;
  /** Of a partial answer: what failed, and where. */
  readonly errors: readonly GraphqlError[];
  readonly body: Body;
}

export type GraphqlError = z.output<typeof errorShape>;

const errorShape = z.object({
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
});

const bodyShape = z.object({ data: z.unknown().optional(), errors: z.array(errorShape).nullish() });

/**
 * A GraphQL service at `graphql` below the client's base URL.
 *
 * A field that the server does not know is left out from then on, and reported once. Nothing is found out by introspection, which
 * some servers refuse. Errors in an answer with status 200 are taken for passing, as those are that a service reports which cannot
 * keep up.
 *
 * @see https://spec.graphql.org/October2021/#sec-Response-Format
 */
export class GraphqlClient {
  readonly #client: Client;
  readonly #log: Log;
  /** Fields that the server lacks, as `Run.updatedAt`. */
  readonly #missing = new Set<string>();

  constructor(client: Client, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  async request<Data>(question: GraphqlRequest<Data>): Promise<GraphqlResponse<Data>> {
    for (;;) {
      const offered = new Set<string>();
      const query = question.query((type, fields) => this.#select(type, fields, offered));
      try {
        return await this.#post(query, question);
      } catch (error) {
        const unknown = unknownFields(error).filter((field) => offered.has(field));
        if (unknown.length === 0) throw error;
        for (const field of unknown) this.#leaveOut(field);
      }
    }
  }

  #select(type: string, fields: readonly string[], offered: Set<string>): string {
    const known = fields.filter((field) => !this.#missing.has(`${type}.${nameOf(field)}`));
    for (const field of known) offered.add(`${type}.${nameOf(field)}`);
    return known.join(" ");
  }

  #leaveOut(field: string): void {
    if (this.#missing.has(field)) return;
    this.#missing.add(field);
    this.#log.warning(`this server does not know the field ${field}; what it feeds stays empty`);
  }

  async #post<Data>(query: string, question: GraphqlRequest<Data>): Promise<GraphqlResponse<Data>> {
    const { variables, retryAttempts, maxResponseBytes } = question;
    const { value, body } = await this.#client.request({
      method: "POST",
      path: "graphql",
      json: { query, variables },
      accept: ({ text }) => parseResponse(text, question),
      ...(retryAttempts === undefined ? {} : { retryAttempts }),
      ...(maxResponseBytes === undefined ? {} : { maxResponseBytes }),
    });
    return { ...value, body };
  }
}

function nameOf(field: string): string {
  return /^\w+/.exec(field)?.[0] ?? field;
}

const unknownField = /Cannot query field "(\w+)" on type "(\w+)"/g;

function unknownFields(error: unknown): string[] {
  if (!(error instanceof SourceError)) return [];
  return [...error.message.matchAll(unknownField)].map(
    ([, field = "", type = ""]) => `${type}.${field}`,
  );
}

function parseResponse<Data>(
  text: string,
  { shape, allowPartial = false }: GraphqlRequest<Data>,
): Pick<GraphqlResponse<Data>, "data" | "errors"> {
  const body = bodyShape.safeParse(parseJson(text));
  if (!body.success) throw new SourceError("graphql: expected data or errors, got other JSON");
  const { data, errors } = body.data;
  const failures = errors ?? [];
  if (failures.length > 0 && !(allowPartial && allBelowRoot(failures, data)))
    throw errorFor(failures);
  const checked = shape.safeParse(data);
  if (checked.success) return { data: checked.data, errors: failures };
  throw new SourceError(`graphql: ${z.prettifyError(checked.error)}`, { cause: checked.error });
}

/** Whether all errors say which part of the data they are about. One of a field at the root is about all below it. */
function allBelowRoot(errors: readonly GraphqlError[], data: unknown): boolean {
  return data != null && errors.every(({ path = [] }) => path.length > 1);
}

function errorFor(errors: readonly GraphqlError[]): Error {
  const message = errors.map((error) => error.message).join("; ");
  // Asking again would not help, asking for less does.
  if (message.search(unknownField) >= 0) return new SourceError(`graphql: ${message}`);
  return new TransientError(`the service reports an error in its answer: ${message}`);
}
