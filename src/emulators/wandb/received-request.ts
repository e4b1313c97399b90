import type { ServerRequest } from "../http-server.ts";
import { operationName, parseGraphqlRequest } from "./graphql-request.ts";

/** A request as the hooks in `WandbFaults` see it. */
export interface ReceivedRequest {
  readonly path: string;
  /** The name of the GraphQL operation, or empty if it has none or the request is another one. */
  readonly operation: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Reads what a request asks for. */
export function receivedRequest({ url, body }: ServerRequest): ReceivedRequest {
  const request = url.pathname === "/graphql" ? parseGraphqlRequest(body) : undefined;
  return {
    path: url.pathname,
    operation: request ? operationName(request) : "",
    query: request?.query ?? "",
    variables: request?.variables ?? {},
  };
}
