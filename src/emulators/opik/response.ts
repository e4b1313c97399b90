import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { z } from "zod";

/**
 * How a stream with status 200 breaks: with a line `{"code":500,…}` for a timeout, with a clean end
 * for any other server error, or with a dropped connection.
 */
export type StreamBreak = "timeout" | "silence" | "disconnect";

/** A response as an endpoint builds it. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Drops the connection after the text, before the response is complete. */
  readonly disconnect?: boolean;
}

/** Thrown to answer a request with an error response. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly response: HttpResponse;

  constructor(status: number, body: object) {
    super(`${status}`);
    this.response = { status, text: JSON.stringify(body) };
  }
}

/** An error in the shape of Dropwizard, the framework that Opik uses. */
export function dropwizardError(code: number, message: string): ResponseError {
  return new ResponseError(code, { code, message });
}

/** An error for invalid input: 400 for the query, 422 for the body. */
export function validationError(status: 400 | 422, errors: readonly string[]): ResponseError {
  return new ResponseError(status, { errors });
}

/** Parses a request's body. Throws a ResponseError: 400 for invalid JSON, 422 for a wrong shape. */
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

/** A response of JSON objects, each followed by `\r\n`, which may break off after the last one. */
export function streamResponse(lines: readonly string[], failure?: StreamBreak): HttpResponse {
  const timeout = JSON.stringify({ code: 500, message: "Streaming operation timed out" });
  const sent = failure === "timeout" ? [...lines, timeout] : lines;
  return {
    status: 200,
    text: sent.map((line) => `${line}\r\n`).join(""),
    headers: { "content-type": "application/octet-stream", "transfer-encoding": "chunked" },
    disconnect: failure === "disconnect",
  };
}

const compress = promisify(gzip);

/** Sends a response, compressed if the client accepts that. */
export async function sendResponse(
  { status, text, headers, disconnect }: HttpResponse,
  { response, accepts }: { response: ServerResponse; accepts: IncomingHttpHeaders },
): Promise<void> {
  response.statusCode = status;
  const allHeaders = { "content-type": "application/json", ...headers };
  for (const [name, value] of Object.entries(allHeaders)) response.setHeader(name, value ?? "");
  if (disconnect) {
    response.write(text, () => response.destroy());
    return;
  }
  // Dropwizard does not compress bodies below 256 bytes.
  if (text.length < 256 || !/\bgzip\b/.test(String(accepts["accept-encoding"]))) {
    response.end(text);
    return;
  }
  response.setHeader("content-encoding", "gzip").setHeader("vary", "Accept-Encoding");
  response.end(await compress(text, { level: 1 }));
}
