import type { ServerResponse } from "node:http";
import { documentJson } from "./document.ts";
import type { Document, Value } from "./document.ts";
import { escapeValue } from "./html-escape.ts";

/** A response as an endpoint builds it. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** Sent without `content-length`, as the server does for results it streams from the database. */
  readonly streamed?: boolean;
}

/** Thrown to answer a request with `{"result":…}` and an error status. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly response: HttpResponse;

  constructor(status: number, result: string) {
    super(`${status} ${result}`);
    this.response = messageResponse(status, result);
  }
}

/** `{"result":…}` with only `<` and `>` escaped, as Countly's `common.returnMessage` sends it. */
export function messageResponse(status: number, result: string): HttpResponse {
  const safe = result.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { status, text: JSON.stringify({ result: safe }) };
}

/** Data with all names and strings HTML-escaped, as Countly's `common.returnOutput` sends it. */
export function outputResponse(value: Value): HttpResponse {
  return { status: 200, text: documentJson(escapeValue(value)) };
}

/** Documents as a bare array, without escaping. */
export function arrayResponse(documents: readonly Document[]): HttpResponse {
  const texts = documents.map((document) => documentJson(document));
  return { status: 200, text: `[${texts.join(",")}]`, streamed: true };
}

/** Sends a response. */
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
