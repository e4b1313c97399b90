import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { specifiedRules, parse, validate } from "graphql";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { failing } from "../../support/faults.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type StartOptions, type Wandb } from "../../support/wandb.ts";
import { badGateway, graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { wandbSchema } from "../../../src/emulators/wandb/schema.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import { expectedTables, storedTables } from "./tables.ts";

let database: TestDatabase;
let workspace: WandbWorkspace;
let project: WandbProject;
let wandb: Wandb;

beforeEach(async () => {
  database = await newSqlite();
  workspace = new WandbWorkspace();
  project = workspace.addProject({ name: "vision" });
  wandb = await startWandb({ workspace });
});

afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
  await database.drop();
});

async function restart(options: StartOptions): Promise<void> {
  await wandb[Symbol.asyncDispose]();
  wandb = await startWandb({ workspace, ...options });
}

const warnings: string[] = [];

beforeEach(() => {
  warnings.length = 0;
});

function sync(settings: Parameters<typeof syncWandb>[1] = {}) {
  const target = { url: wandb.url, apiKey: wandb.apiKey, destination: database.url };
  return syncWandb(target, settings, { warn: (message) => warnings.push(message) });
}

function addRuns(count: number, steps: number): void {
  for (let index = 0; index < count; index += 1) {
    workspace.clock.advance(3_600_000);
    const run = project.addRun({ config: { index } });
    for (let step = 0; step < steps; step += 1) run.log({ loss: step / 3 });
    run.finish();
  }
}

async function expectAllCells(): Promise<void> {
  expect(await storedTables(database)).toEqual(expectedTables(project));
}

async function values(): Promise<Record<string, unknown>> {
  const rows = await database.query(`SELECT metric_name, metric_value, value_json FROM metrics`);
  return Object.fromEntries(
    rows.map(({ metric_name, metric_value, value_json }) => [
      String(metric_name),
      value_json ?? metric_value,
    ]),
  );
}

describe("login", () => {
  test.each([undefined, 401] as const)("names the setting of a wrong key (%s)", async (badKey) => {
    await restart({ faults: badKey === undefined ? {} : { wrongKeyStatus: badKey } });
    await expect(sync({ api_key: "wrong" })).rejects.toThrow(/check wandb\.api_key/);
  });

  test("names a project that does not exist", async () => {
    await expect(sync({ project: "nope" })).rejects.toThrow(/no project "nope" in "acme"/);
  });

  test("sends the key as the password of user `api`", async () => {
    addRuns(1, 1);
    await sync();
    const expected = `Basic ${Buffer.from(`api:${wandb.apiKey}`).toString("base64")}`;
    expect(new Set(wandb.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([expected]),
    );
  });
});

test("sends only valid queries, without introspection, and the same text for the same request", async () => {
  addRuns(70, 2);
  await sync({ projects: ["*"] });
  const schema = wandbSchema();
  const queries = new Set(wandb.requests.map(({ query = "" }) => query));
  for (const query of queries) expect(validate(schema, parse(query), specifiedRules)).toEqual([]);
  expect([...queries].join()).not.toContain("__");
  expect(queries.size).toBeLessThan(40);
  expect(queries.size).toBeGreaterThan(3);
});

describe("listings", () => {
  test("does not stop at empty pages that have a next page", async () => {
    addRuns(9, 2);
    wandb.faults.emptyPages = true;
    await sync({ page_size: 2 });
    await expectAllCells();
    project.deleteRun(expectedTables(project).runs[0]?.["run_id"] as string);
    await sync({ page_size: 2 });
    await expectAllCells();
  });

  test("fails if the cursor does not advance", async () => {
    addRuns(9, 2);
    wandb.faults.stuckCursor = true;
    const { failures } = await sync({ page_size: 2 });
    expect(failures.get("runs")?.message).toMatch(/the cursor does not advance/);
  });

  test("loses nothing if the server caps the page size", async () => {
    addRuns(9, 2);
    wandb.faults.pageSizeCap = 2;
    await sync();
    await expectAllCells();
  });

  test("requests a smaller page after one that is too large for the server (502 with HTML)", async () => {
    addRuns(30, 1);
    wandb.faults.tooLarge = { runs: 8 };
    await sync({ retry_attempts: 0 });
    await expectAllCells();
  });

  test("sends the time filter with a Z", async () => {
    addRuns(2, 1);
    await sync();
    wandb.faults.onPage = () => undefined;
    const before = wandb.requests.length;
    await sync();
    const filters = wandb.requests
      .slice(before)
      .filter(({ operation }) => operation === "Runs")
      .map(({ variables }) => String(variables?.["filters"]));
    expect(filters).toHaveLength(2);
    for (const filter of filters) {
      expect(filter).toMatch(/^\{"heartbeatAt":\{"\$gte":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\}$/);
    }
  });

  test("hidden runs neither count nor stop the others", async () => {
    addRuns(6, 2);
    const [first] = project.sortedRuns({ by: "createdAt", descending: false });
    if (first) first.hidden = true;
    await sync({ page_size: 2 });
    await expectAllCells();
    expect(warnings).toEqual([]);
  });
});

describe("temporary failures", () => {
  test.each([
    ["an error in a 200", graphqlErrors(200, "something went wrong")],
    ["a 502 with HTML", badGateway],
    [
      "a 429 with RateLimit-Reset",
      { ...graphqlErrors(429, "slow"), headers: { "RateLimit-Reset": "0" } },
    ],
  ] as const)("retries after %s", async (_name, fault) => {
    addRuns(3, 2);
    wandb.faults.nextResponses = [fault];
    const { transfer, status } = await sync();
    expect(status).toBe("completed");
    expect(transfer.retries).toBe(1);
    await expectAllCells();
  });

  test("waits until a rate limit ends", async () => {
    addRuns(6, 2);
    wandb.faults.rateLimit = { allow: 3, refuse: 2, resetSeconds: 0.02 };
    expect((await sync()).status).toBe("completed");
    expect(wandb.counters.refused).toBeGreaterThan(0);
    await expectAllCells();
  });

  test("fails the sync, without quarantine, if the server fails on every history", async () => {
    addRuns(6, 2);
    await restart({
      intercept: (service) => (request, response) => {
        const fault = failing(500);
        return (request.body.includes("query History") ? fault : service)(request, response);
      },
    });
    const { status, failures, counts } = await sync({ retry_attempts: 0 });
    expect(status).toBe("failed");
    expect([...failures.keys()]).toEqual(["metrics"]);
    expect(counts.get("runs")).toMatchObject({ inserted: 6 });
  });
});

describe("several projects", () => {
  const failingFor = (names: readonly string[]): StartOptions => ({
    intercept: (service) => (request, response) => {
      const isPoisoned = names.some((name) => request.body.includes(`"project":"${name}"`));
      return (isPoisoned ? failing(500) : service)(request, response);
    },
  });

  test("one that fails does not stop the others, but fails the sync", async () => {
    for (const name of ["a", "b", "c"]) workspace.addProject({ name }).addRun().log({ loss: 1 });
    await restart(failingFor(["b"]));
    const { status, failures } = await sync({ projects: "*", retry_attempts: 0 });
    expect(status).toBe("failed");
    expect([...failures.keys()]).toEqual(["runs", "metrics"]);
    const rows = await database.query(`SELECT project FROM metrics ORDER BY 1`);
    expect(rows).toEqual([{ project: "a" }, { project: "c" }]);
    expect(warnings).toContainEqual(
      expect.stringMatching(/^project "b": .*500.*; continuing with the others$/),
    );
  });

  test("three failures in a row end the stream", async () => {
    for (const name of ["a", "b", "c", "d"]) workspace.addProject({ name });
    await restart(failingFor(["vision", "a", "b", "c", "d"]));
    expect((await sync({ projects: "*", retry_attempts: 0 })).status).toBe("failed");
    const requests = new Set(wandb.requests.map(({ variables }) => variables?.["project"]));
    expect([...requests]).toEqual([undefined, "vision", "a", "b"]);
  });
});

describe("older servers", () => {
  test("omits missing fields, and reports each once", async () => {
    addRuns(5, 2);
    wandb.faults.missingFields = ["Run.updatedAt", "Run.jobType", "User.username", "Run.commit"];
    expect((await sync({ page_size: 2 })).status).toBe("completed");
    const rows = await database.query(`SELECT * FROM runs`);
    expect(rows).toHaveLength(5);
    for (const row of rows)
      expect(row).toMatchObject({ updated_at: null, user: "ada", host: "node-1" });
    expect(warnings.filter((message) => message.includes("Run.updatedAt"))).toHaveLength(1);
    expect(warnings).toHaveLength(4);
  });

  test("reads histories completely without the fields that mark their end", async () => {
    addRuns(2, 30);
    const run = project.addRun();
    for (const step of [0, 7000, 7001, 90_000]) run.log({ _step: step, a: step });
    wandb.faults.missingFields = ["Run.historyKeys", "Run.historyLineCount"];
    expect((await sync()).status).toBe("completed");
    expect((await storedTables(database)).metrics).toEqual(expectedTables(project).metrics);
  });
});

describe("histories", () => {
  test.each(["sample", "first"] as const)(
    "does not accept a response that may be incomplete (%s)",
    async (overfullPage) => {
      const run = project.addRun();
      for (let step = 0; step < 3500; step += 1) run.log({ a: step });
      for (let step = 5000; step < 9000; step += 3) run.log({ _step: step, a: step });
      wandb.faults.overfullPage = overfullPage;
      await sync();
      expect((await storedTables(database)).metrics).toEqual(expectedTables(project).metrics);
      expect(warnings).toEqual([]);
    },
  );

  test("does not stop at sparse steps and empty windows", async () => {
    const run = project.addRun();
    for (const step of [3, 40_000, 40_001, 5_000_000, 2 ** 40]) run.log({ _step: step, a: step });
    for (let step = 1; step < 1200; step += 1) run.log({ _step: 2 ** 41 + step, a: step });
    run.finish();
    await sync();
    await expectAllCells();
    expect(wandb.requests.filter(({ operation }) => operation === "History").length).toBeLessThan(
      40,
    );
  });

  test("copies rows added while a history is read, at the latest with the next sync", async () => {
    const run = project.addRun();
    for (let step = 0; step < 2500; step += 1) run.log({ a: step });
    let left = 3;
    wandb.faults.onPage = ({ field }) => {
      if (field === "history" && left-- > 0) for (let n = 0; n < 1500; n += 1) run.log({ a: n });
    };
    await sync();
    await sync();
    await expectAllCells();
  });

  test("splits a window that is too large for the server", async () => {
    addRuns(3, 100);
    wandb.faults.tooLarge = { rows: 300 };
    expect((await sync({ retry_attempts: 0 })).status).toBe("completed");
    await expectAllCells();
  });

  test("requests only new rows from a server that can return two rows at a time", async () => {
    addRuns(1, 10);
    const [run] = project.sortedRuns({ by: "createdAt", descending: false });
    wandb.faults.tooLarge = { rows: 2 };
    await sync({ retry_attempts: 0 });
    for (let step = 0; step < 5; step += 1) run?.log({ loss: step });
    const before = wandb.requests.length;
    await sync({ retry_attempts: 0 });
    await expectAllCells();
    expect(wandb.requests.length - before).toBeLessThan(40);
  });

  test("recovers from an error about the whole project in the response for several runs", async () => {
    const error = { message: "context deadline exceeded", path: ["project"] };
    let fails = 1;
    const intercept: StartOptions["intercept"] = (service) => (request, response) => {
      const isBatch = request.body.includes("query History") && request.body.includes("$n1");
      if (!isBatch || fails-- <= 0) return service(request, response);
      const body = { data: { viewer: { id: "u" }, project: null }, errors: [error] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    await restart({ intercept });
    addRuns(10, 4);
    expect((await sync({ concurrency: 1 })).status).toBe("completed");
    expect(fails).toBeLessThan(1);
    await expectAllCells();
  });

  test("reports once, with an example, that there are fewer lines than the service counts", async () => {
    addRuns(3, 2);
    for (const run of project.sortedRuns({ by: "createdAt", descending: false })) {
      Object.defineProperty(run.history, "lineCount", { get: () => 5 });
    }
    await sync();
    const [warning, ...more] = warnings;
    expect(more).toEqual([]);
    expect(warning).toMatch(/the history of 3 runs .* 2 lines read, 5 reported/);
  });

  test("combines several runs in one request, and fewer if the server rejects that as too complex", async () => {
    addRuns(80, 2);
    wandb.faults.complexity = { runs: 5 };
    expect((await sync({ concurrency: 2 })).status).toBe("completed");
    await expectAllCells();
    const sizes = wandb.requests
      .filter(({ operation }) => operation === "History")
      .map(
        ({ variables = {} }) => Object.keys(variables).filter((name) => /^n\d/.test(name)).length,
      );
    expect(Math.max(...sizes)).toBe(8);
    expect(sizes.filter((size) => size === 4).length).toBeGreaterThan(10);
    expect(sizes.filter((size) => size === 8).length).toBeLessThan(4);
  });

  test("a run that fails whole requests does not affect the others", async () => {
    addRuns(40, 2);
    const [, , , broken] = project.sortedRuns({ by: "createdAt", descending: false });
    wandb.faults.brokenHistory = { run: broken?.name ?? "", status: 500 };
    expect((await sync({ retry_attempts: 0 })).status).toBe("partial");
    expect((await storedTables(database)).metrics).toHaveLength(39 * 2);
  });

  test.each([undefined, 500])(
    "a single run that always fails (%s) makes the sync partial, even if nothing else was to be done",
    async (status) => {
      addRuns(4, 2);
      await sync();
      project.addRun({ name: "poisoned" }).log({ loss: 1 });
      wandb.faults.brokenHistory = {
        run: "poisoned",
        ...(status === undefined ? {} : { status }),
      };
      // Runs listed again are unchanged, so only the failing run is read.
      for (let syncs = 0; syncs < 3; syncs += 1) {
        expect((await sync({ retry_attempts: 0, lookback_minutes: 0 })).status).toBe("partial");
      }
      const [entry, ...more] = await database.query(`SELECT reason FROM _rivulet_quarantine`);
      expect(String(entry?.["reason"])).toMatch(/failed to read the history of poisoned/);
      expect(more).toEqual([]);
    },
  );

  test.each(["rejects everything", "goes down"] as const)(
    "a service that %s fails the sync, and no run is quarantined for it",
    async (how) => {
      addRuns(90, 2);
      let requests = 0;
      await restart({
        intercept: (service) => async (request, response) => {
          requests += Number(request.body.includes("query History"));
          if (requests <= 2) return service(request, response);
          if (how === "rejects everything") return failing(429)(request, response);
          await wandb[Symbol.asyncDispose]();
        },
      });
      const { status, failures } = await sync({ retry_attempts: 1 });
      expect(status).toBe("failed");
      expect(failures.get("metrics")?.message).toMatch(/429|could not connect/);
      expect(await database.query(`SELECT * FROM _rivulet_quarantine`)).toEqual([]);
    },
  );

  test("does not try run after run if the service asks to wait for a day", async () => {
    addRuns(90, 2);
    let requests = 0;
    await restart({
      intercept: (service) => (request, response) => {
        const isOfSeveral = /query History.*\br1: /.test(request.body);
        requests += Number(isOfSeveral);
        if (!isOfSeveral || requests !== 1) return service(request, response);
        return failing(429, { "retry-after": "86400" })(request, response);
      },
    });
    const { status, failures } = await sync();
    expect(status).toBe("failed");
    expect(failures.get("metrics")?.message).toMatch(/asks to wait .*; try again after/);
    expect((await sync()).status).toBe("completed");
  });

  test("three failing runs make the sync partial, not failed, even if nothing else was to be done", async () => {
    addRuns(12, 2);
    const broken = project.sortedRuns({ by: "createdAt", descending: false }).slice(0, 3);
    await restart({
      intercept: (service) => (request, response) => {
        const isHistory = request.body.includes("query History");
        const isPoisoned = isHistory && broken.some(({ name }) => request.body.includes(name));
        const fault = failing(500);
        return (isPoisoned ? fault : service)(request, response);
      },
    });
    await sync({ retry_attempts: 0 });
    expect((await sync({ retry_attempts: 0 })).status).toBe("partial");
    expect(await database.query(`SELECT * FROM _rivulet_quarantine`)).toHaveLength(3);
  });
});

describe("values", () => {
  test("stores in value_json what a double cannot hold, and loses nothing", async () => {
    project
      .addRun()
      .log(
        new RawJson(
          '{"_step": 0, "_timestamp": 1767225601.1, "_runtime": 3, "_wandb": {"runtime": 3}, "float": 0.1, "nan": NaN, "inf": Infinity, "neg": -Infinity,' +
            ' "text": "NaN, not \\"a\\" number", "yes": true, "none": null, "list": [1, NaN, 12345678901234567890], "big": 12345678901234567890,' +
            ' "edge": 9007199254740992, "beyond": 9007199254740993, "small": -9007199254740993, "huge": 1e400, "wide": 1e300, "empty": {},' +
            ' "media": {"_type": "image-file", "size": 12345678901234567891}, "a": {"b": 1, "c": {"d": 2}}, "a.b": 3, "__proto__": 4, "": 5}',
        ),
      );
    await sync();
    expect(await values()).toEqual({
      float: 0.1,
      nan: '"NaN"',
      inf: '"Infinity"',
      neg: '"-Infinity"',
      text: '"NaN, not \\"a\\" number"',
      yes: "true",
      none: "null",
      list: '[1, "NaN", 12345678901234567890]',
      big: "12345678901234567890",
      edge: 9007199254740992,
      beyond: "9007199254740993",
      small: "-9007199254740993",
      huge: "1e400",
      wide: 1e300,
      empty: "{}",
      media: '{"_type": "image-file", "size": 12345678901234567891}',
      "a.b": 3,
      "a..b": 1,
      "a.c.d": 2,
      "": 5,
    });
  });

  test("patterns include and exclude metrics, also the service's own", async () => {
    project.addRun().log({ loss: 1, "loss.val": 2, acc: 3, accuracy: 4, _internal: { x: 5 } });
    await sync({
      metrics: '{"include": ["loss*", "acc", "_runtime", "_int*"], "exclude": "*.val"}',
    });
    expect(Object.keys(await values()).sort()).toEqual(["_internal.x", "_runtime", "acc", "loss"]);
  });

  test("quarantines a line that is not an object or has no step, and copies the others", async () => {
    const lines = ['{"_step": 0, "a": 1}', '{"_step": 1, "a": broken}', "[2]", '{"a": 3}'];
    const line = (step: number) => lines[step] ?? `{"_step": ${step}, "b": ${step}}`;
    project.addRun({ history: { lastStep: 4, keys: [], line } });
    const { status } = await sync();
    expect(status).toBe("partial");
    expect(await values()).toEqual({ a: 1, b: 4 });
    const entries = await database.query(
      `SELECT payload, reason FROM _rivulet_quarantine ORDER BY payload`,
    );
    expect(entries).toEqual([
      { payload: "[2]", reason: "expected a JSON object" },
      { payload: '{"_step": 1, "a": broken}', reason: "expected JSON, got something else" },
      { payload: '{"a": 3}', reason: "expected a whole number in _step" },
    ]);
  });

  test("stores configuration and summary as valid JSON, unwrapped, with all their digits", async () => {
    project.addRun({
      config: new RawJson(
        '{"lr": {"value": 1.00, "desc": null}, "seed": {"value": 12345678901234567890}, "_wandb": {"value": {}}, "plain": 7, "dict": {"value": {"value": 1}}, "more": {"value": 1, "other": 2}}',
      ),
      summary: new RawJson('{"loss": NaN, "text": "NaN", "best": 12345678901234567890}'),
    });
    await sync();
    const [row] = await database.query(`SELECT config_json, summary_json FROM runs`);
    expect(row).toEqual({
      config_json:
        '{"lr":1.00,"seed":12345678901234567890,"plain":7,"dict":{"value": 1},"more":{"value": 1, "other": 2}}',
      summary_json: '{"loss": "NaN", "text": "NaN", "best": 12345678901234567890}',
    });
  });
});
