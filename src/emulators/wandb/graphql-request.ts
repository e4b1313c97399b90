import { z } from "zod";
import { quoteLargeIntegers } from "./json.ts";

/** A GraphQL request. */
export type GraphqlRequest = z.infer<typeof bodyShape>;

const bodyShape = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  // Python's part of the SDK sends "" for none.
  operationName: z
    .string()
    .nullish()
    .transform((name) => (name === "" ? null : name)),
});

/** Parses a request's body; undefined if it is not a GraphQL request. */
export function parseGraphqlRequest(text: string): GraphqlRequest | undefined {
  try {
    return bodyShape.parse(JSON.parse(quoteLargeIntegers(text)));
  } catch {
    return undefined;
  }
}

/** The name of a request's operation, or empty. */
export function operationName({ operationName, query }: GraphqlRequest): string {
  return operationName ?? /^\s*query\s+(\w+)/.exec(query)?.[1] ?? "";
}
