import { startServer, type TestServer } from "../support/http-server.ts";

/** A source in a single file that imports only rivulet. */
export const deskSource = `
import { newClient, restStream, secretText, serviceUrl, z } from "rivulet/connector";

const config = z.object({
  api_key: secretText({ description: "Your API key." }),
  base_url: serviceUrl({ description: "Where the API is." }),
});

const clientOf = ({ api_key, base_url }, context) =>
  newClient({
    ...context,
    baseUrl: base_url,
    headers: { authorization: \`Bearer \${api_key}\` },
    retryAttempts: 0,
    remedies: { 401: "check desk.api_key" },
  });

export const connector = {
  kind: "source",
  name: "desk",
  title: "Help desk",
  version: "2.3.4",
  config,
  identity: ({ base_url }) => base_url,
  streams: (config, context) => [
    restStream(clientOf(config, context), {
      name: "agent",
      path: "agents",
      primaryKey: ["_key"],
      columns: { _key: "string", _id: "integer", __id: "integer", raw: "json" },
      fields: { _key: "id" },
    }),
  ],
  check: async (config, context) => void (await clientOf(config, context).getJson("agents")),
};
`;

/** A target that sends rows to the archive, each under its key. */
export const archiveTarget = `
import { newClient, secretText, serviceUrl, z } from "rivulet/connector";

const config = z.object({
  api_key: secretText({ description: "Your API key." }),
  base_url: serviceUrl({ description: "Where the API is." }),
});

const clientOf = ({ api_key, base_url }, context) =>
  newClient({
    ...context,
    baseUrl: base_url,
    headers: { authorization: \`Bearer \${api_key}\` },
    retryAttempts: 0,
  });

export const connector = {
  kind: "target",
  name: "archive",
  title: "Archive",
  config,
  identity: ({ base_url }) => base_url,
  reservedKeys: ["", "_id"],
  check: async (config, context) => void (await clientOf(config, context).getJson("status")),
  async open(config, context) {
    const client = clientOf(config, context);
    const keys = new Map();
    return {
      prepare: async (tables) => tables.forEach(({ name, primaryKey }) => keys.set(name, primaryKey)),
      async write(changes) {
        const sent = changes.map(({ table, rows, deletes, sweep }) => ({
          table,
          rows: rows.map((row) => [keys.get(table).map((column) => String(row[column])).join(), row]),
          deletes: deletes.map((key) => key.map(String).join()),
          sweep,
        }));
        const text = JSON.stringify(sent, (_, value) => (typeof value === "bigint" ? String(value) : value));
        await client.postJson("changes", { json: JSON.parse(text) });
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
};
`;

export interface Desk extends TestServer {
  readonly agents: Record<string, unknown>[];
}

/** A service that lists agents, with a login. */
export async function startDesk(): Promise<Desk> {
  const agents: Record<string, unknown>[] = [
    { id: "a", _id: 1, __id: 2 },
    { id: "b", _id: 0, __id: null, big: 12345 },
  ];
  const server = await startServer(({ url, headers }, response) => {
    const isAuthorized = headers.authorization === "Bearer key-of-the-desk";
    const first = Number(url.searchParams.get("page") ?? 1) === 1;
    response.writeHead(isAuthorized ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify({ total: agents.length, data: first ? agents : [] }));
  });
  return { ...server, agents };
}

type Documents = Map<string, Readonly<Record<string, unknown>>>;

export interface Archive extends TestServer {
  readonly tables: Map<string, Documents>;
  /** How many of the next writes it rejects. */
  refusals: number;
  writes: number;
}

interface Change {
  readonly table: string;
  readonly rows: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
  readonly deletes: readonly string[];
  readonly sweep?: unknown;
}

/** A service that stores documents, and rejects some writes on request. */
export async function startArchive(): Promise<Archive> {
  const tables = new Map<string, Documents>();
  const counts = { refusals: 0, writes: 0 };
  const server = await startServer(({ method, body }, response) => {
    if (method === "POST" && counts.refusals > 0) {
      counts.refusals -= 1;
      response.writeHead(503).end();
      return;
    }
    for (const { table, rows, deletes } of (method === "POST"
      ? JSON.parse(body)
      : []) as Change[]) {
      counts.writes += 1;
      const documents = tables.get(table) ?? (new Map() as Documents);
      tables.set(table, documents);
      for (const [key, row] of rows) documents.set(key, row);
      for (const key of deletes) documents.delete(key);
    }
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  return Object.assign(counts, server, { tables });
}
