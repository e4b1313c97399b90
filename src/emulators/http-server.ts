import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** A service that listens on loopback until it is disposed of. */
export interface RunningServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
}

/** Listens on a port, by default a free one. */
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

/** A request with its body read. */
export interface ServerRequest {
  readonly method: string;
  /** Path and query, on the server's own origin. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What answers requests. */
export type RequestHandler = (
  request: ServerRequest,
  response: ServerResponse,
) => void | Promise<void>;

/** Reads the body of each request before the listener sees it. A connection is cut where the listener fails. */
export function withBody(listener: RequestHandler): RequestListener {
  return (message, response) => {
    const answered = async (): Promise<void> => {
      const { method = "GET", headers } = message;
      const url = new URL(message.url ?? "/", `http://${headers.host ?? "localhost"}`);
      await listener({ method, url, headers, body: await text(message) }, response);
    };
    answered().catch(() => response.destroy());
  };
}
