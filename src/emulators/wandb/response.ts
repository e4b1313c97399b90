import type { OutgoingHttpHeaders } from "node:http";

/** A response as an endpoint builds it. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Thrown to answer a request with an error response. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    super(`${response.status}`);
    this.response = response;
  }
}

/** Errors in the shape of GraphQL, which may come with any status. */
export function graphqlErrors(status: number, ...messages: readonly string[]): HttpResponse {
  const errors = messages.map((message) => ({ message }));
  return { status, text: JSON.stringify({ errors }) };
}

/** An error in the shape that W&B uses outside of GraphQL. */
export function jsonError(status: number, error: string): HttpResponse {
  return { status, text: JSON.stringify({ error }) };
}

/** What a proxy sends when the server takes too long. */
export const badGateway: HttpResponse = {
  status: 502,
  text: "<html><head><title>502 Server Error</title></head><body><h1>Error: Server Error</h1></body></html>",
  headers: { "content-type": "text/html; charset=UTF-8" },
};

/** Stands for no response at all: the connection stays open, silent. */
export const noResponse: HttpResponse = { status: 0, text: "" };
