import type { ServerResponse } from "node:http";
import { documentJson } from "./document.ts";
import type { Document, Value } from "./document.ts";
import { escapeValue } from "./html-escape.ts";

/** What is sent for a request. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** Sent as it comes out of the database, without a word on its length. */
  readonly streamed?: boolean;
}

/** An answer that is no data, thrown by whatever finds the reason. */
export class ResponseError extends Error {
  override readonly name = "Refusal";
  readonly response: HttpResponse;

  constructor(status: number, result: string) {
    super(`${status} ${result}`);
    this.response = messageResponse(status, result);
  }
}

/** `{"result":…}`, in which only `<` and `>` are escaped (`common.returnMessage`). */
export function messageResponse(status: number, result: string): HttpResponse {
  const safe = result.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { status, text: JSON.stringify({ result: safe }) };
}

/** Data with all names and strings escaped (`common.returnOutput`). */
export function outputResponse(value: Value): HttpResponse {
  return { status: 200, text: documentJson(escapeValue(value)) };
}

/** Documents as a bare array, nothing escaped. */
export function arrayResponse(documents: readonly Document[]): HttpResponse {
  const texts = documents.map((document) => documentJson(document));
  return { status: 200, text: `[${texts.join(",")}]`, streamed: true };
}

/** Sends an answer. */
export function sendResponse(
  response: ServerResponse,
  { status, text, streamed }: HttpResponse,
): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "access-control-allow-origin": "*",
    ...(!streamed && { "content-length": Buffer.byteLength(text) }),
  });
  response.write(text);
  response.end();
}
