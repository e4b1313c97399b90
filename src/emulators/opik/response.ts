import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { z } from "zod";
import type { StreamBreak } from "./faults.ts";

/** What an endpoint answers. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Ends the connection as soon as the text is sent. */
  readonly disconnect?: boolean;
}

/** A refusal, thrown by whatever finds the reason. */
export class ResponseError extends Error {
  override readonly name = "Refusal";
  readonly response: HttpResponse;

  constructor(status: number, body: object) {
    super(`${status}`);
    this.response = { status, text: JSON.stringify(body) };
  }
}

/** An error as Dropwizard words it. */
export function dropwizardError(code: number, message: string): ResponseError {
  return new ResponseError(code, { code, message });
}

/** Input that did not pass validation: 400 for the query, 422 for the body. */
export function validationError(status: 400 | 422, errors: readonly string[]): ResponseError {
  return new ResponseError(status, { errors });
}

/** The body of a request; what is no JSON answers 400, what has another shape 422. */
export function parseBody<T>(text: string, shape: z.ZodType<T>): T {
  const body = shape.safeParse(parseJson(text));
  if (body.success) return body.data;
  throw validationError(
    422,
    body.error.issues.map(({ message }) => message),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw dropwizardError(400, "Unable to process JSON");
  }
}

/** JSON objects separated by `\r\n`, and what is left of them where the stream breaks. */
export function streamResponse(lines: readonly string[], broken?: StreamBreak): HttpResponse {
  const timeout = JSON.stringify({ code: 500, message: "Streaming operation timed out" });
  const sent = broken === "timeout" ? [...lines, timeout] : lines;
  return {
    status: 200,
    text: sent.map((line) => `${line}\r\n`).join(""),
    headers: { "content-type": "application/octet-stream", "transfer-encoding": "chunked" },
    disconnect: broken === "disconnect",
  };
}

const compress = promisify(gzip);

/** Sends an answer, compressed where the client accepts that. */
export async function sendResponse(
  answer: HttpResponse,
  { response, accepts }: { response: ServerResponse; accepts: IncomingHttpHeaders },
): Promise<void> {
  response.statusCode = answer.status;
  const headers = { "content-type": "application/json", ...answer.headers };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value ?? "");
  if (answer.disconnect) {
    response.write(answer.text, () => response.destroy());
    return;
  }
  // Dropwizard leaves bodies below 256 bytes as they are.
  if (answer.text.length < 256 || !/\bgzip\b/.test(String(accepts["accept-encoding"]))) {
    response.end(answer.text);
    return;
  }
  response.setHeader("content-encoding", "gzip").setHeader("vary", "Accept-Encoding");
  response.end(await compress(answer.text, { level: 1 }));
}
