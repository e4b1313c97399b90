import { createServer } from "node:http";
import { URL } from "node:url";

const apiKey = "key-of-the-test";

/** Starts an emulator of the service with two agents and several pages of tickets. */
export async function start() {
  const agents = [
    { id: "a", name: "Ada", active: true },
    { id: "b", name: "Bo", active: false },
  ];
  const tickets = Array.from({ length: 250 }, (_, id) => ticket(id, `ticket ${id}`));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const since = searchParams.get("updated_since") ?? "";
    const rows = {
      "/agents": agents,
      "/tickets": tickets.filter((row) => row.updated_at >= since),
    };
    const isAuthorized = request.headers.authorization === `Bearer ${apiKey}`;
    response.writeHead(isAuthorized ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(isAuthorized ? page(rows[pathname] ?? [], searchParams) : {}));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const configuration = {
    api_key: apiKey,
    base_url: `http://127.0.0.1:${server.address().port}`,
    retry_attempts: 0,
  };
  return {
    configuration,
    refused: { ...configuration, api_key: "another-key" },
    change() {
      agents.pop();
      tickets.push(ticket(250, "a new ticket"));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function ticket(id, subject) {
  return { id, subject, updated_at: new Date(Date.UTC(2026, 0, 1, 0, id)).toISOString() };
}

/** A page of `size` rows; the first is page 1. */
function page(rows, search) {
  const size = Number(search.get("size") ?? 10);
  const start = (Number(search.get("page") ?? 1) - 1) * size;
  return { total: rows.length, data: rows.slice(start, start + size) };
}
