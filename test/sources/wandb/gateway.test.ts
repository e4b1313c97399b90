import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { startServer, type TestServer } from "../../support/http-server.ts";
import { syncWandb } from "../../support/sync-wandb.ts";

/** Gateways that offer only what the original connector describes, each in its own way. */

type Json = Readonly<Record<string, unknown>>;

let database: TestDatabase;
let server: TestServer;
let runs: Json[];
let histories: Record<string, readonly Json[]>;
/** The status for any request that is not a GET. */
let refusal: number;

beforeEach(async () => {
  database = await newSqlite();
  refusal = 404;
  runs = [];
  histories = {};
  server = await startServer(gateway);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

const gateway: RequestHandler = ({ method, url, headers }, response) => {
  const answer = (status: number, body: Json): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  if (method !== "GET") answer(refusal, { error: "no" });
  else if (headers.authorization !== "Bearer local-key") answer(401, { error: "who are you?" });
  else if (url.pathname === "/projects/acme/vision/runs") answer(200, { runs, nextUrl: null });
  else {
    const [, id = ""] = /^\/runs\/acme\/vision\/([^/]+)\/history$/.exec(url.pathname) ?? [];
    const history = histories[id];
    if (history) answer(200, { history });
    else answer(404, { error: "no such thing" });
  }
};

const sync = (settings = {}, options = {}) => {
  const target = { url: server.url, apiKey: "local-key", destination: database.url };
  return syncWandb(target, settings, options);
};

const steps = async (): Promise<string[]> => {
  const rows = await database.query(
    `SELECT run_id, step, metric_value FROM metrics WHERE NOT _deleted ORDER BY 1, 2`,
  );
  return rows.map((row) => Object.values(row).map(String).join(" "));
};

const usual = {
  ...{ id: "a", name: "a", displayName: "first", state: "finished", user: { username: "ada" } },
  ...{ createdAt: "2025-01-01T00:00:00Z", updatedAt: "2025-01-02T00:00:00Z", tags: ["t"] },
  ...{ config: { lr: 0.1 }, summaryMetrics: { loss: 0.5 }, notes: null },
};

describe("a gateway without GraphQL", () => {
  test.each([401, 403, 404, 405, 501])(
    "is recognized by its answer to GraphQL (%d)",
    async (status) => {
      refusal = status;
      runs.push(usual);
      histories["a"] = [{ _step: 0, _timestamp: 1735689600, loss: 0.5 }];
      expect((await sync()).status).toBe("completed");
      expect(await steps()).toEqual(["a 0 0.5"]);
      expect(server.requests.filter(({ method }) => method !== "GET")).toHaveLength(1);
      const [row] = await database.query(`SELECT * FROM runs`);
      expect(row).toMatchObject({
        ...{ run_id: "a", name: "first", state: "finished", user: "ada", tags: '["t"]' },
        ...{ config_json: '{"lr":0.1}', summary_json: '{"loss":0.5}' },
      });
    },
  );

  test.each([401, 403])(
    "that also rejects the key asks to check the login (%d)",
    async (status) => {
      refusal = status;
      await expect(sync({ api_key: "wrong" })).rejects.toThrow(/graphql.*check/);
    },
  );

  test.each(["auto", "rest", "graphql"])(
    "and without the runs is a configuration error (%s)",
    async (api) => {
      await expect(sync({ api, project: "visoin" })).rejects.toThrow(
        /404.*check wandb\.base_url, wandb\.entity and the project/,
      );
    },
  );
});

describe("runs with missing fields", () => {
  test("reads a run without a change time in every sync", async () => {
    const undated = { ...usual, updatedAt: undefined };
    runs.push(usual, { ...undated, id: "b", name: "b" });
    histories = { a: [{ _step: 0, loss: 1 }], b: [{ _step: 0, loss: 1 }] };
    await sync();
    runs.push({ ...undated, id: "c", name: "c", createdAt: null });
    runs[1] = { ...undated, id: "b", name: "b", state: "crashed" };
    histories["b"] = [...(histories["b"] ?? []), { _step: 1, loss: 2 }];
    histories["c"] = [{ _step: 7, loss: 3 }];
    expect((await sync()).status).toBe("completed");
    expect(await steps()).toEqual(["a 0 1", "b 0 1", "b 1 2", "c 7 3"]);
    const [row] = await database.query(`SELECT state FROM runs WHERE run_id = 'b'`);
    expect(row).toEqual({ state: "crashed" });
  });

  test("quarantines a run without an id, copies the others, and requests nothing for it", async () => {
    runs.push({ ...usual, id: null, name: null }, usual, { ...usual, id: 7 });
    histories = { a: [{ _step: 0, loss: 1 }], 7: [{ _step: 0, loss: 2 }] };
    expect((await sync()).status).toBe("partial");
    expect(await steps()).toEqual(["7 0 2", "a 0 1"]);
    const paths = server.requests.map(({ url }) => url.pathname);
    expect(paths.filter((path) => /null|undefined/.test(path))).toEqual([]);
  });

  test("reads timestamps as seconds since 1970 or text; a missing one is NULL", async () => {
    runs.push(usual);
    const instant = "2025-01-02T03:04:05.5+01:00";
    histories["a"] = [
      { _step: 0, _timestamp: 1735783445.5, loss: 1 },
      { _step: 1, _timestamp: instant, loss: 1 },
      { _step: 2, _timestamp: instant, loss: { val: 1 } },
      { _step: 3, _timestamp: null, loss: { val: 1 } },
      { _step: 4, loss: 1 },
      { _step: 5, loss: { val: 1 } },
    ];
    await sync();
    const rows = await database.query(`SELECT timestamp FROM metrics ORDER BY step`);
    const expected = "2025-01-02T02:04:05.500000Z";
    expect(rows.map(({ timestamp }) => timestamp)).toEqual([
      ...[expected, expected, expected, null, null, null],
    ]);
  });

  test("accepts a user that is only a name", async () => {
    runs.push({ ...usual, user: "grace" });
    histories["a"] = [];
    await sync();
    expect(await database.query(`SELECT "user" FROM runs`)).toEqual([{ user: "grace" }]);
  });

  test("accepts a run without a history, and a project without runs", async () => {
    expect((await sync()).status).toBe("completed");
    runs.push(usual);
    expect((await sync()).status).toBe("completed");
    expect(await database.query(`SELECT run_id FROM runs`)).toEqual([{ run_id: "a" }]);
  });
});
