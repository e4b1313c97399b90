import http, { type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import https from "node:https";
import { text } from "node:stream/consumers";
import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";

/** A running HTTP or HTTPS server. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** All requests so far, oldest first. */
  readonly requests: readonly ServerRequest[];
  close(): Promise<void>;
}

/** Starts a server on a free port of the loopback interface; HTTPS if there is a certificate. */
export async function startServer(
  handler: RequestHandler,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<TestServer> {
  const requests: ServerRequest[] = [];
  const scheme = certificate ? "https" : "http";
  const onRequest = async (message: http.IncomingMessage, response: ServerResponse) => {
    const { method = "", headers } = message;
    const url = new URL(message.url ?? "", `${scheme}://${headers.host ?? ""}`);
    const request = { method, url, headers, body: await text(message) };
    requests.push(request);
    await handler(request, response);
  };
  const safely = (message: http.IncomingMessage, response: ServerResponse): void => {
    onRequest(message, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server = certificate ? https.createServer(certificate, safely) : http.createServer(safely);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    requests,
    close,
    [Symbol.asyncDispose]: close,
  };
}
