import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { URL } from "node:url";

const apiKey = "key-of-the-test";

/** Starts an emulator of the service that stores documents by key. */
export async function start() {
  /** @type {Map<string, Map<string, Record<string, unknown>>>} */
  const tables = new Map();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const isAuthorized = request.headers.authorization === `Bearer ${apiKey}`;
    if (isAuthorized && request.method === "POST") {
      const name = decodeURIComponent(pathname.slice("/tables/".length));
      const { upserts, deletes } = await json(request);
      const table = tables.get(name) ?? new Map();
      tables.set(name, table);
      for (const { key, document } of upserts) table.set(key, document);
      for (const key of deletes) table.delete(key);
    }
    response.writeHead(isAuthorized ? 200 : 401, { "content-type": "application/json" });
    response.end("{}");
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const configuration = {
    api_key: apiKey,
    base_url: `http://127.0.0.1:${server.address().port}`,
  };
  return {
    configuration,
    refused: { ...configuration, api_key: "another-key" },
    received: () =>
      Object.fromEntries([...tables].map(([name, documents]) => [name, [...documents.values()]])),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
