import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** A server that listens on the loopback interface until it is disposed of. */
export interface RunningServer extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
}

/** Starts a server on 127.0.0.1; port 0 picks a free one. */
export async function listen(listener: RequestListener, port = 0): Promise<RunningServer> {
  const server = createServer(listener);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no TCP port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A request whose body has been read. */
export interface ServerRequest {
  readonly method: string;
  /** Path and query, on the server's own origin. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers one request. */
export type RequestHandler = (
  request: ServerRequest,
  response: ServerResponse,
) => void | Promise<void>;

/**
 * Turns a handler into a listener for `node:http` that reads the body first. If the handler throws,
 * the connection is closed without a response.
 */
export function withBody(handler: RequestHandler): RequestListener {
  return (message, response) => {
    const respond = async (): Promise<void> => {
      const { method = "GET", headers } = message;
      const url = new URL(message.url ?? "/", `http://${headers.host ?? "localhost"}`);
      await handler({ method, url, headers, body: await text(message) }, response);
    };
    respond().catch(() => response.destroy());
  };
}
