import type { OutgoingHttpHeaders } from "node:http";

/** What is sent for a request. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** An answer that is no data, thrown by whatever finds the reason. */
export class ResponseError extends Error {
  override readonly name = "Refusal";
  readonly response: HttpResponse;

  constructor(answer: HttpResponse) {
    super(`${answer.status}`);
    this.response = answer;
  }
}

/** Errors as GraphQL words them: with 200, or with 4xx and the same body. */
export function graphqlErrors(status: number, ...messages: readonly string[]): HttpResponse {
  const errors = messages.map((message) => ({ message }));
  return { status, text: JSON.stringify({ errors }) };
}

/** An error as the parts of the service word it that are not GraphQL. */
export function jsonError(status: number, error: string): HttpResponse {
  return { status, text: JSON.stringify({ error }) };
}

/** What a proxy sends where the service takes too long. */
export const badGateway: HttpResponse = {
  status: 502,
  text: "<html><head><title>502 Server Error</title></head><body><h1>Error: Server Error</h1></body></html>",
  headers: { "content-type": "text/html; charset=UTF-8" },
};
