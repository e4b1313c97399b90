import { z } from "zod";
import { SourceError, TransientError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Body } from "./body.ts";
import type { Client } from "./client.ts";
import { GraphqlValidationError, refusedQuery, validationError } from "./graphql-validation.ts";
import { dateOf } from "./http-date.ts";
import { parseJson } from "./json-body.ts";
import type { GetOptions, Request } from "./request.ts";
import { joinMessages } from "./service-message.ts";

/**
 * Returns the fields of a type that the server has, as a selection. A field may start a nested
 * selection: `files { name }`.
 */
export type Select = (type: string, fields: readonly string[]) => string;

/** A GraphQL query with its variables. */
export interface GraphqlRequest<Data> extends Omit<GetOptions, "query"> {
  /** Writes the query; fields that some servers lack go through `select`. */
  readonly query: (select: Select) => string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The expected shape of `data`. */
  readonly shape: z.ZodType<Data>;
  /** Accepts a response with errors below the root; by default any error fails the request. */
  readonly allowPartial?: boolean;
}

/** The data of a response. */
export interface GraphqlResponse<Data> {
  readonly data: Data;
  /** The errors of a partial response; otherwise empty. */
  readonly errors: readonly GraphqlError[];
  readonly body: Body;
  /** When the service answered, by its own clock, in milliseconds since 1970, if it says so. */
  readonly date: number | undefined;
}

/** An error in a response, with the path of the data it concerns. */
export type GraphqlError = z.output<typeof errorShape>;

/** Longer messages are cut before they are searched: they may be as long as a response. */
const maxMessageLength = 4096;

const errorShape = z.object({
  message: z.string().transform((text) => text.slice(0, maxMessageLength)),
  path: z
    .array(z.union([z.string(), z.number()]))
    .nullish()
    .transform((path) => path ?? undefined),
  extensions: z.object({ code: z.unknown() }).optional().catch(undefined),
});

const bodyShape = z.object({ data: z.unknown().optional(), errors: z.array(errorShape).nullish() });

/** The `probe` of a client for a GraphQL service: a query that every schema allows. */
export const graphqlProbe: Request<unknown> = {
  method: "POST",
  path: "graphql",
  json: { query: "{ __typename }" },
  accept: ({ text }) => parseResponse(text, { shape: z.unknown() }),
};

/**
 * A GraphQL service at `graphql` below the client's base URL.
 *
 * A field that the server lacks is omitted from then on and reported once. This needs no
 * introspection, which some servers refuse. Any other query that the server's schema does not allow
 * ends with a GraphqlValidationError. Other errors in a response with status 200 are retried: they
 * are how an overloaded service reports its trouble.
 *
 * @see https://spec.graphql.org/October2021/#sec-Response-Format
 */
export class GraphqlClient {
  readonly #client: Client;
  readonly #log: Log;
  /** Fields that the server lacks, like `Run.updatedAt`. */
  readonly #missing = new Set<string>();

  constructor(client: Client, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /** Sends a query, again without the optional fields that the server turns out to lack. */
  async request<Data>(request: GraphqlRequest<Data>): Promise<GraphqlResponse<Data>> {
    for (;;) {
      const optional = new Set<string>();
      const query = request.query((type, fields) => this.#select(type, fields, optional));
      try {
        return await this.#post(query, request);
      } catch (error) {
        if (!(error instanceof GraphqlValidationError)) throw error;
        const missing = error.unsupported.filter((field) => optional.has(field));
        if (missing.length === 0) throw error;
        for (const field of missing) this.#omit(field);
      }
    }
  }

  #select(type: string, fields: readonly string[], optional: Set<string>): string {
    const selected = fields.filter((field) => !this.#missing.has(`${type}.${nameOf(field)}`));
    for (const field of selected) optional.add(`${type}.${nameOf(field)}`);
    return selected.join(" ");
  }

  #omit(field: string): void {
    if (this.#missing.has(field)) return;
    this.#missing.add(field);
    this.#log.warning(`this server has no field ${field}; its columns stay empty`);
  }

  async #post<Data>(query: string, request: GraphqlRequest<Data>): Promise<GraphqlResponse<Data>> {
    const { variables, retryAttempts, requestTimeoutMs, maxResponseBytes } = request;
    try {
      const { value, body, headers } = await this.#client.request({
        method: "POST",
        path: "graphql",
        json: { query, variables },
        accept: ({ text }) => parseResponse(text, request),
        retryAttempts,
        requestTimeoutMs,
        maxResponseBytes,
      });
      return { ...value, body, date: dateOf(headers) };
    } catch (error) {
      throw refusedQuery(error) ?? error;
    }
  }
}

function nameOf(field: string): string {
  return /^\w+/.exec(field)?.[0] ?? field;
}

function parseResponse<Data>(
  text: string,
  { shape, allowPartial = false }: Pick<GraphqlRequest<Data>, "shape" | "allowPartial">,
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

/** Whether every error concerns only a part of the data; one at the root concerns everything. */
function allBelowRoot(errors: readonly GraphqlError[], data: unknown): boolean {
  return data != null && errors.every(({ path = [] }) => path.length > 1);
}

function errorFor(errors: readonly GraphqlError[]): Error {
  const messages = joinMessages(errors.map(({ message }) => message));
  return validationError(errors) ?? new TransientError(`the service reports an error: ${messages}`);
}
