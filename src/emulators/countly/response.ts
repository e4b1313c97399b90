import type { ServerResponse } from "node:http";
import { documentText } from "./document.ts";
import type { Document, Value } from "./document.ts";
import { escaped } from "./html-escape.ts";

/** What is sent for a request. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Sent as it comes out of the database, without a word on its length. */
  readonly streamed?: boolean;
}

/** An answer that is no data, thrown by whatever finds the reason. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: Answer;

  constructor(status: number, result: string) {
    super(`${status} ${result}`);
    this.answer = message(status, result);
  }
}

/** `{"result":…}`, in which only `<` and `>` are escaped (`common.returnMessage`). */
export function message(status: number, result: string): Answer {
  const safe = result.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { status, text: JSON.stringify({ result: safe }) };
}

/** Data with all names and strings escaped (`common.returnOutput`). */
export function output(value: Value): Answer {
  return { status: 200, text: documentText(escaped(value)) };
}

/** Documents as a bare array, nothing escaped. */
export function stream(documents: readonly Document[]): Answer {
  const texts = documents.map((document) => documentText(document));
  return { status: 200, text: `[${texts.join(",")}]`, streamed: true };
}

/** Sends an answer. */
export function send(response: ServerResponse, { status, text, streamed }: Answer): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "access-control-allow-origin": "*",
    ...(!streamed && { "content-length": Buffer.byteLength(text) }),
  });
  response.write(text);
  response.end();
}
