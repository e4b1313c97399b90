import { gzipSync } from "node:zlib";
import type { RequestHandler } from "../../src/emulators/http-server.ts";

type ResponseHeaders = Readonly<Record<string, string | number>>;

/** The first request goes to the first handler, and so on; all further ones to the last. */
export function inTurn(...handlers: readonly RequestHandler[]): RequestHandler {
  let index = 0;
  return (request, response) => {
    const handler = handlers[Math.min(index, handlers.length - 1)];
    index += 1;
    return handler?.(request, response);
  };
}

/** The fault for the first `times` requests, then `then`. */
export function failTimes(
  times: number,
  fault: RequestHandler,
  then: RequestHandler,
): RequestHandler {
  return inTurn(...Array.from({ length: times }, () => fault), then);
}

/** Responds with this body: text as it is, anything else as JSON. */
export function respond(
  body: unknown,
  headers: ResponseHeaders = {},
  status = 200,
): RequestHandler {
  return (_request, response) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  };
}

/** Responds with an error status. */
export function failing(
  status: number,
  headers: ResponseHeaders = {},
  body: unknown = "",
): RequestHandler {
  return respond(body, headers, status);
}

/** Resets the connection before the response. */
export const resetBeforeHeaders: RequestHandler = (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** Resets the connection in the middle of the response's headers. */
export const resetInHeaders: RequestHandler = (_request, response) => {
  response.socket?.write("HTTP/1.1 200 OK\r\ncontent-le", () => {
    response.socket?.resetAndDestroy();
  });
};

/** Resets the connection after the headers and half of the body. */
export function resetInBody(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-length": Buffer.byteLength(body) });
    response.write(half(body), () => response.socket?.resetAndDestroy());
  };
}

/** Closes the connection normally before `content-length` is reached. */
export function shortOfContentLength(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-length": Buffer.byteLength(body) });
    response.write(half(body), () => response.socket?.end());
  };
}

/** Closes the connection normally before the last chunk. */
export function cutChunks(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "transfer-encoding": "chunked" });
    response.write(half(body), () => response.socket?.end());
  };
}

/** Sends half of a compressed body, in a response that is otherwise complete. */
export function cutGzip(body: string): RequestHandler {
  return (_request, response) => {
    const packed = gzipSync(body);
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(packed.subarray(0, packed.length / 2));
  };
}

/** Sends half of the body as a complete response, like a service that fails while it streams. */
export function cutText(body: string): RequestHandler {
  return respond(half(body));
}

/** Sends a small body that decompresses to `bytes` zeros. */
export function gzipBomb(bytes: number): RequestHandler {
  const packed = gzipSync(Buffer.alloc(bytes));
  return (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
  };
}

/** Sends one byte at each interval, forever. */
export function slowDrip(intervalMs: number): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), intervalMs);
    response.once("close", () => {
      clearInterval(timer);
    });
  };
}

/** Never responds. */
export const silence: RequestHandler = () => undefined;

/** Sends half of the body, and then nothing more. */
export function silenceInBody(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-length": Buffer.byteLength(body) });
    response.write(half(body));
  };
}

/** Redirects to another URL. */
export function redirectTo(location: string, status = 302): RequestHandler {
  return respond("", { location }, status);
}

function half(body: string): string {
  return body.slice(0, Math.floor(body.length / 2));
}
