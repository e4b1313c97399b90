import { describe, expect, test } from "vitest";
import { helpdesk } from "../../docs/extend/example/helpdesk.ts";
import { databases } from "../support/databases.ts";
import { startServer } from "../support/http-server.ts";
import { syncSource } from "../support/sync-source.ts";

interface Ticket {
  readonly id: number;
  readonly subject: string;
  readonly updated_at: string;
}

/** A help desk in memory, behind real HTTP. */
async function startHelpdesk() {
  const agents = [
    { id: "a", name: "Ada", active: true },
    { id: "b", name: "Bo", active: false },
  ];
  const tickets: Ticket[] = Array.from({ length: 250 }, (_, id) => ({
    id,
    subject: `ticket ${id}`,
    updated_at: new Date(Date.UTC(2026, 0, 1, 0, id)).toISOString(),
  }));
  const queries: string[] = [];
  const server = await startServer(({ url, headers }, response) => {
    queries.push(url.pathname + url.search);
    const since = url.searchParams.get("updated_since");
    const rows =
      url.pathname === "/agents"
        ? agents
        : tickets.filter((ticket) => since === null || ticket.updated_at >= since.slice(0, 23));
    const page = Number(url.searchParams.get("page") ?? 1);
    const size = Number(url.searchParams.get("size") ?? 10);
    const isKnown = headers.authorization === "Bearer desk-key";
    response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ total: rows.length, data: rows.slice((page - 1) * size, page * size) }),
    );
  });
  return { server, agents, tickets, queries };
}

describe.each(databases)("the example of the documentation, on %s", (_name, newDatabase) => {
  test("reads whole what has no cursor, and only what is new where there is one", async () => {
    const { server, agents, tickets, queries } = await startHelpdesk();
    const database = await newDatabase();
    const sync = () =>
      syncSource(helpdesk, {
        config: { api_key: "desk-key", base_url: server.url },
        destination: database.url,
      });
    try {
      const first = await sync();
      expect(first.counts.get("agent")).toMatchObject({ inserted: 2 });
      expect(first.counts.get("ticket")).toMatchObject({ inserted: 250 });

      agents.pop();
      tickets.push({ id: 250, subject: "late", updated_at: "2026-02-01T00:00:00.000Z" });
      queries.length = 0;
      const second = await sync();
      expect(second.counts.get("agent")).toMatchObject({ unchanged: 1, deleted: 1 });
      expect(second.counts.get("ticket")).toMatchObject({ inserted: 1, unchanged: 6 });
      expect(queries.at(-1)).toContain("updated_since=2026-01-01T04%3A04");
    } finally {
      await database.drop();
      await server[Symbol.asyncDispose]();
    }
  });
});

test("the example says which key to check when the login is refused", async () => {
  const { server } = await startHelpdesk();
  const database = await databases[0][1]();
  const failed = syncSource(helpdesk, {
    config: { api_key: "wrong", base_url: server.url },
    destination: database.url,
  });
  await expect(failed).rejects.toThrow(/401.*check helpdesk\.api_key/);
  await database.drop();
  await server[Symbol.asyncDispose]();
});
