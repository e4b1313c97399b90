import { createServer } from "node:http";

const apiKey = "key-of-the-test";

/** Starts an emulator of the service. */
export async function start() {
  const server = createServer((request, response) => {
    const isAuthorized = request.headers.authorization === `Bearer ${apiKey}`;
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
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
