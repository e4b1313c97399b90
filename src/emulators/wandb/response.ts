import type { OutgoingHttpHeaders } from "node:http";

/** What is sent for a request. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** An answer that is no data, thrown by whatever finds the reason. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`${answer.status}`);
    this.answer = answer;
  }
}

/** Errors as GraphQL words them: with 200, or with 4xx and the same body. */
export function errorsAnswer(status: number, ...messages: readonly string[]): Answer {
  const errors = messages.map((message) => ({ message }));
  return { status, text: JSON.stringify({ errors }) };
}

/** An error as the parts of the service word it that are not GraphQL. */
export function errorAnswer(status: number, error: string): Answer {
  return { status, text: JSON.stringify({ error }) };
}

/** What a proxy sends where the service takes too long. */
export const badGateway: Answer = {
  status: 502,
  text: "<html><head><title>502 Server Error</title></head><body><h1>Error: Server Error</h1></body></html>",
  headers: { "content-type": "text/html; charset=UTF-8" },
};
