import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { massDeletionFields } from "../../src/core/mass-deletion-fields.ts";
import type { Source } from "../../src/core/source.ts";
import { allowMassDeletion } from "../../src/engine/allow-mass-deletion.ts";
import { restStream } from "../../src/http/paging/rest-stream.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { testClient } from "../support/http-client.ts";
import { startServer, type TestServer } from "../support/http-server.ts";
import { listHandler, newRows, type ListRow } from "../support/list-server.ts";
import { syncSource, type SyncSourceOptions } from "../support/sync-source.ts";

const config = z.object({
  url: z.string(),
  team: z.string().optional(),
  size: z.number().default(10),
  ...massDeletionFields,
});

/** A source with one list, which each sync reads whole. */
const desk: Source<z.output<typeof config>> = {
  name: "desk",
  title: "Desk",
  config,
  identity: ({ url }) => url,
  streams: (settings) => {
    const agents = restStream(testClient(settings.url), {
      name: "agent",
      path: "agents",
      ...(settings.team === undefined ? {} : { query: { team: settings.team } }),
      size: settings.size,
      columns: { agent_id: "string", raw: "json" },
      primaryKey: ["agent_id"],
      fields: { agent_id: "id" },
    });
    return allowMassDeletion([agents], settings);
  },
  check: () => Promise.resolve(),
};

describe.each(databases)("a list that is read whole, on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let server: TestServer;
  let rows: readonly ListRow[];
  beforeEach(async () => {
    database = await newDatabase();
    server = await startServer(listHandler(() => rows));
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  async function sync(
    settings: Readonly<Record<string, unknown>> = {},
    options: Partial<SyncSourceOptions> = {},
  ) {
    const given = { url: server.url, ...settings };
    const { status, counts, failures } = await syncSource(desk, {
      ...{ ...options, destination: database.url, config: given },
    });
    const error = failures.get("agent")?.message;
    return { status, marked: counts.get("agent")?.deleted, ...(error ? { error } : {}) };
  }

  const marks = (marked: number) => ({ status: "completed", marked });
  const refused = (shown: number, believed: number) => ({
    status: "failed",
    marked: 0,
    error: `agents: lists ${shown} rows, ${believed} the last time; nothing was marked as deleted; if the others are gone for good, sync once with --allow-mass-deletion or allow_mass_deletion: true`,
  });

  test("marks nothing if it was halved, twice in a row, until it is allowed", async () => {
    rows = newRows(100);
    expect(await sync()).toEqual(marks(0));
    rows = newRows(49);
    expect(await sync()).toEqual(refused(49, 100));
    rows = newRows(24);
    expect(await sync()).toEqual(refused(24, 100));
    expect(await sync({}, { fullRefresh: true })).toEqual(refused(24, 100));
    expect(await sync({}, { allowMassDeletion: true })).toEqual(marks(76));
    rows = newRows(12);
    expect(await sync()).toEqual(marks(12));
  });

  test("is believed if the key of the configuration allows it", async () => {
    rows = newRows(5);
    await sync();
    rows = [];
    expect(await sync({ allow_mass_deletion: false })).toEqual(refused(0, 5));
    expect(await sync({ allow_mass_deletion: true })).toEqual(marks(5));
    expect(await sync()).toEqual(marks(0));
  });

  test("is believed, with a warning, if something else is asked for", async () => {
    rows = newRows(100);
    await sync({ team: "support" });
    rows = newRows(10);
    const warnings: string[] = [];
    const warn = (message: string): unknown => warnings.push(message);
    expect(await sync({ team: "sales" }, { warn })).toEqual(marks(90));
    expect(warnings).toEqual([
      "agent: lists 10 rows, 100 before its path or query was changed; the others are marked as deleted",
    ]);
  });

  test("is compared with the last list that was complete", async () => {
    rows = newRows(100);
    await sync();
    rows = newRows(60);
    expect(await sync()).toEqual(marks(40));
    rows = newRows(40);
    expect(await sync()).toEqual(marks(20));
    rows = newRows(70);
    expect(await sync()).toEqual(marks(0));
    rows = newRows(34);
    expect(await sync()).toEqual(refused(34, 70));
  });

  test("marks exactly what is gone from a list that is too long for one sweep, in any order", async () => {
    const odd = ["😀", "\\u0000", "é", "z\t1"].map((id) => ({ id }));
    const all = [...odd, ...newRows(25_000)].map(
      (row, index, list) => list[(index * 7919) % list.length] ?? row,
    );
    rows = all;
    await sync({ size: 5000 });
    const isGone = (id: string) => id.endsWith("7") || id === "é" || id === "😀";
    rows = all.filter(({ id }) => !isGone(id));
    expect(await sync({ size: 5000 })).toEqual(marks(2502));
    const marked = await database.query("SELECT agent_id FROM agent WHERE _deleted");
    expect(marked.filter(({ agent_id: id }) => !isGone(String(id)))).toEqual([]);
    expect(marked).toHaveLength(2502);
    expect(await sync({ size: 5000 })).toEqual(marks(0));
  });
});
