import { gzipSync } from "node:zlib";
import type { RequestHandler } from "../../src/emulators/http-server.ts";

type ResponseHeaders = Readonly<Record<string, string | number>>;

/** The first request gets the first listener, and so on; the last one stays. */
export function inTurn(...listeners: readonly RequestHandler[]): RequestHandler {
  let turn = 0;
  return (request, response) => {
    const listener = listeners[Math.min(turn, listeners.length - 1)];
    turn += 1;
    return listener?.(request, response);
  };
}

/** So many times the fault, then what the server would have done. */
export function failTimes(
  times: number,
  fault: RequestHandler,
  then: RequestHandler,
): RequestHandler {
  return inTurn(...Array.from({ length: times }, () => fault), then);
}

/** Each request has this probability of one of the faults. */
export function sometimes(
  { probability, random }: { readonly probability: number; readonly random: () => number },
  faults: readonly RequestHandler[],
  otherwise: RequestHandler,
): RequestHandler {
  return (request, response) => {
    const fault = faults[Math.floor(random() * faults.length)];
    return (random() < probability && fault ? fault : otherwise)(request, response);
  };
}

/** An answer with this body: text as it is, anything else as JSON. */
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

/** An error status, with the body as a service would send it. */
export function failing(
  status: number,
  headers: ResponseHeaders = {},
  body: unknown = "",
): RequestHandler {
  return respond(body, headers, status);
}

/** The connection is reset before anything is said. */
export const resetBeforeHeaders: RequestHandler = (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** The connection is reset in the middle of the head of the answer. */
export const resetInHeaders: RequestHandler = (_request, response) => {
  response.socket?.write("HTTP/1.1 200 OK\r\ncontent-le", () => {
    response.socket?.resetAndDestroy();
  });
};

/** The connection is reset after the head and half of the body. */
export function resetInBody(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-length": Buffer.byteLength(body) });
    response.write(half(body), () => response.socket?.resetAndDestroy());
  };
}

/** The body ends, in good order, before its `content-length`. */
export function shortOfContentLength(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-length": Buffer.byteLength(body) });
    response.write(half(body), () => response.socket?.end());
  };
}

/** The connection ends, in good order, before the last chunk. */
export function cutChunks(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "transfer-encoding": "chunked" });
    response.write(half(body), () => response.socket?.end());
  };
}

/** A compressed body that stops in the middle, in an answer that is otherwise complete. */
export function cutGzip(body: string): RequestHandler {
  return (_request, response) => {
    const packed = gzipSync(body);
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(packed.subarray(0, packed.length / 2));
  };
}

/** Complete in every way, but half a body: what a service sends that fails while it streams. */
export function cutText(body: string): RequestHandler {
  return respond(half(body));
}

/** Few bytes that unpack to many zeros. */
export function gzipBomb(bytes: number): RequestHandler {
  const packed = gzipSync(Buffer.alloc(bytes));
  return (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
  };
}

/** A byte now and then, for ever. */
export function slowDrip(everyMs: number): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), everyMs);
    response.once("close", () => {
      clearInterval(timer);
    });
  };
}

/** The request is taken, and nothing ever comes. */
export const silence: RequestHandler = () => undefined;

/** Half of the body comes, and then nothing. */
export function silenceInBody(body: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(200, { "content-length": Buffer.byteLength(body) });
    response.write(half(body));
  };
}

export function redirectTo(location: string, status = 302): RequestHandler {
  return respond("", { location }, status);
}

function half(body: string): string {
  return body.slice(0, Math.floor(body.length / 2));
}
