import { ConfigError } from "../core/errors.ts";
import { httpErrorOf } from "./http-error.ts";
import { joinMessages } from "./service-message.ts";

/** An error in a response, as far as it tells whether the query was refused. */
interface ResponseError {
  readonly message: string;
  /** The path of the data it concerns: the query was executed. */
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: { readonly code?: unknown } | undefined;
}

/**
 * The server's schema does not allow the query, so that no retry helps: it lacks a field, an
 * argument, a type or a directive, or types a variable otherwise. A source may catch it and ask for
 * less; otherwise a person must act.
 */
export class GraphqlValidationError extends ConfigError {
  /**
   * What the server lacks or types otherwise: `Run.updatedAt`, `Project.runs(filters)`,
   * `JSONString`, `@include`, `$filters`. An argument of a field whose type the server does not
   * name is `runs(filters)`. May be incomplete.
   */
  readonly unsupported: readonly string[];

  constructor(message: string, unsupported: readonly string[], options?: ErrorOptions) {
    super(
      `${message.replace(/\.$/, "")}; the server is too old, or base_url names another service`,
      options,
    );
    this.unsupported = unsupported;
  }
}

/**
 * The error for a refused query; undefined if none of the errors refuses it. A refused query is not
 * executed, so its errors concern no data.
 */
export function validationError(
  errors: readonly ResponseError[],
): GraphqlValidationError | undefined {
  const refusals = errors.filter(isRefusal);
  if (refusals.length === 0) return undefined;
  const messages = joinMessages(refusals.map(({ message }) => message));
  return new GraphqlValidationError(`graphql: ${messages}`, unsupportedIn(messages));
}

/**
 * The same for the error of a request: servers also refuse a query with a status of 4xx. Undefined
 * if it has another cause.
 */
export function refusedQuery(error: unknown): GraphqlValidationError | undefined {
  const { status = 0, message = "" } = httpErrorOf(error) ?? {};
  const isRefused = (status === 400 || status === 422) && refusal.test(message);
  if (!isRefused || !(error instanceof Error)) return undefined;
  return new GraphqlValidationError(error.message, unsupportedIn(message), { cause: error.cause });
}

function isRefusal({ message, path, extensions }: ResponseError): boolean {
  if (/^GRAPHQL_(?:VALIDATION|PARSE)_FAILED$/.test(String(extensions?.code))) return true;
  return path === undefined && refusal.test(message);
}

/** Quoted with `"` by graphql-js and Go, with `'` by Python. */
const quote = /["'`]/.source;
const quoted = (pattern: string): string => `${quote}(${pattern})${quote}`;
const name = String.raw`\w+`;

const missingField = new RegExp(`Cannot query field ${quoted(name)} on type ${quoted(name)}`, "gi");
/** Older servers name the field's type separately. */
const missingArgument = new RegExp(
  `Unknown argument ${quoted(name)} on (?:field|directive) ${quoted(String.raw`@?[\w.]+`)}(?: of type ${quoted(name)})?`,
  "gi",
);
const missingType = new RegExp(`Unknown type ${quoted(name)}`, "gi");
const missingDirective = new RegExp(`Unknown directive ${quote}@?(${name})${quote}`, "gi");
const mistypedVariable = new RegExp(
  [
    `Variable ${quote}\\$?(${name})${quote} (?:`,
    `of (?:required |non-null )?type ${quoted(String.raw`[\w!\[\]]+`)} used in position|`,
    "got invalid value|has invalid (?:value|type)|cannot be non-input type)",
  ].join(""),
  "gi",
);

/** Other refusals of a query that fits another schema; nothing in them can be left out. */
const mismatch = new RegExp(
  [
    "^(?:4\\d\\d: )?syntax error",
    `Field ${quoted(name)} (?:of type .* must have|must not have) a (?:sub ?)?selection`,
    `Field ${quoted(String.raw`[\w.]+`)} is not defined by type`,
    `argument ${quoted(name)} of type .* is required`,
  ].join("|"),
  "i",
);

const refusal = new RegExp(
  [missingField, missingArgument, missingType, missingDirective, mistypedVariable, mismatch]
    .map(({ source }) => `(?:${source})`)
    .join("|"),
  "i",
);

function unsupportedIn(messages: string): string[] {
  const all = [
    ...find(missingField, messages, ([field, type]) => `${type}.${field}`),
    ...find(missingArgument, messages, ([argument, field, type]) =>
      type === "" ? `${field}(${argument})` : `${type}.${field}(${argument})`,
    ),
    ...find(missingType, messages, ([type]) => type),
    ...find(missingDirective, messages, ([directive]) => `@${directive}`),
    ...find(mistypedVariable, messages, ([variable]) => `$${variable}`),
  ];
  return [...new Set(all)];
}

type Groups = readonly [string, string, string];

function find(pattern: RegExp, text: string, format: (groups: Groups) => string): string[] {
  return [...text.matchAll(pattern)].map(([, a = "", b = "", c = ""]) => format([a, b, c]));
}
