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
import { heldBy, standing } from "./tables.ts";

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
  const places = { url: wandb.url, apiKey: wandb.apiKey, destination: database.url };
  return syncWandb(places, settings, { warn: (message) => warnings.push(message) });
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
  expect(await standing(database)).toEqual(heldBy(project));
}

async function values(): Promise<Record<string, unknown>> {
  const rows = await database.query(`SELECT metric_name, metric_value, value_json FROM metrics`);
  return Object.fromEntries(
    rows.map(({ metric_name, metric_value, value_json }) => [
      String(metric_name),
      metric_value ?? String(value_json),
    ]),
  );
}

describe("login", () => {
  test.each([undefined, 401] as const)(
    "a wrong key (%s) is said to be one, and where it stands",
    async (badKey) => {
      await restart({ traps: badKey === undefined ? {} : { wrongKeyStatus: badKey } });
      await expect(sync({ api_key: "wrong" })).rejects.toThrow(/check wandb\.api_key/);
    },
  );

  test("a project that is not there is named", async () => {
    await expect(sync({ project: "nope" })).rejects.toThrow(/no project "nope" of "acme"/);
  });

  test("the key goes as user api of Basic, and no message shows it", async () => {
    addRuns(1, 1);
    await sync();
    const expected = `Basic ${Buffer.from("api:local-key").toString("base64")}`;
    expect(new Set(wandb.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([expected]),
    );
  });
});

test("every query that was sent is valid, asks no schema, and is the same text for the same question", async () => {
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
  test("pages without edges that say there are more are not the end", async () => {
    addRuns(9, 2);
    wandb.traps.emptyPages = true;
    await sync({ page_size: 2 });
    await expectAllCells();
    project.deleteRun(heldBy(project).runs[0]?.["run_id"] as string);
    await sync({ page_size: 2 });
    await expectAllCells();
  });

  test("a cursor that stands still ends the stream, and says so", async () => {
    addRuns(9, 2);
    wandb.traps.stuckCursor = true;
    const { failures } = await sync({ page_size: 2 });
    expect(failures.get("runs")?.message).toMatch(/the cursor stands still/);
  });

  test("a page size that the server caps loses nothing", async () => {
    addRuns(9, 2);
    wandb.traps.pageSizeCap = 2;
    await sync();
    await expectAllCells();
  });

  test("a page that is too much for the server (502, with HTML) is asked for in half", async () => {
    addRuns(30, 1);
    wandb.traps.tooLarge = { runs: 8 };
    await sync({ retry_attempts: 0 });
    await expectAllCells();
  });

  test("since is sent with a Z", async () => {
    addRuns(2, 1);
    await sync();
    wandb.traps.onPage = () => undefined;
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

  test("runs that may not be seen neither count nor stop the others", async () => {
    addRuns(6, 2);
    const [first] = project.sortedRuns({ by: "createdAt", descending: false });
    if (first) first.hidden = true;
    await sync({ page_size: 2 });
    await expectAllCells();
    expect(warnings).toEqual([]);
  });
});

describe("failures that pass", () => {
  test.each([
    ["an error in a 200", graphqlErrors(200, "something went wrong")],
    ["a 502 with HTML", badGateway],
    [
      "a 429 with RateLimit-Reset",
      { ...graphqlErrors(429, "slow"), headers: { "RateLimit-Reset": "0" } },
    ],
  ] as const)("%s is asked again", async (_name, fault) => {
    addRuns(3, 2);
    wandb.traps.nextResponses = [fault];
    const { transfer, status } = await sync();
    expect(status).toBe("completed");
    expect(transfer.retries).toBe(1);
    await expectAllCells();
  });

  test("a rate limit that says when it ends is waited for", async () => {
    addRuns(6, 2);
    wandb.traps.rateLimit = { allow: 3, refuse: 2, resetSeconds: 0.02 };
    expect((await sync()).status).toBe("completed");
    expect(wandb.counters.refused).toBeGreaterThan(0);
    await expectAllCells();
  });

  test("a server that always fails on histories is a failed sync, not a quarantine", async () => {
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

  test("one that fails does not hold up the others, and the sync has failed", async () => {
    for (const name of ["a", "b", "c"]) workspace.addProject({ name }).addRun().log({ loss: 1 });
    await restart(failingFor(["b"]));
    const { status, failures } = await sync({ projects: "*", retry_attempts: 0 });
    expect(status).toBe("failed");
    expect([...failures.keys()]).toEqual(["runs", "metrics"]);
    const rows = await database.query(`SELECT project FROM metrics ORDER BY 1`);
    expect(rows).toEqual([{ project: "a" }, { project: "c" }]);
    expect(warnings).toContainEqual(expect.stringMatching(/^project "b": .*500.*the others go on/));
  });

  test("three that fail one after the other end the stream", async () => {
    for (const name of ["a", "b", "c", "d"]) workspace.addProject({ name });
    await restart(failingFor(["vision", "a", "b", "c", "d"]));
    expect((await sync({ projects: "*", retry_attempts: 0 })).status).toBe("failed");
    const asked = new Set(wandb.requests.map(({ variables }) => variables?.["project"]));
    expect([...asked]).toEqual([undefined, "vision", "a", "b"]);
  });
});

describe("older servers", () => {
  test("fields that are not there are left out, and reported once each", async () => {
    addRuns(5, 2);
    wandb.traps.missingFields = ["Run.updatedAt", "Run.jobType", "User.username", "Run.commit"];
    expect((await sync({ page_size: 2 })).status).toBe("completed");
    const rows = await database.query(`SELECT * FROM runs`);
    expect(rows).toHaveLength(5);
    for (const row of rows)
      expect(row).toMatchObject({ updated_at: null, user: "ada", host: "node-1" });
    expect(warnings.filter((message) => message.includes("Run.updatedAt"))).toHaveLength(1);
    expect(warnings).toHaveLength(4);
  });

  test("histories are whole without the fields that tell their end", async () => {
    addRuns(2, 30);
    const run = project.addRun();
    for (const step of [0, 7000, 7001, 90_000]) run.log({ _step: step, a: step });
    wandb.traps.missingFields = ["Run.historyKeys", "Run.historyLineCount"];
    expect((await sync()).status).toBe("completed");
    expect((await standing(database)).metrics).toEqual(heldBy(project).metrics);
  });
});

describe("histories", () => {
  test.each(["sample", "first"] as const)(
    "an answer that may be a part of the rows (%s) is not taken",
    async (overfullPage) => {
      const run = project.addRun();
      for (let step = 0; step < 3500; step += 1) run.log({ a: step });
      for (let step = 5000; step < 9000; step += 3) run.log({ _step: step, a: step });
      wandb.traps.overfullPage = overfullPage;
      await sync();
      expect((await standing(database)).metrics).toEqual(heldBy(project).metrics);
      expect(warnings).toEqual([]);
    },
  );

  test("sparse steps and empty windows are not the end", async () => {
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

  test("rows that come while a history is read are in it, or in the next sync", async () => {
    const run = project.addRun();
    for (let step = 0; step < 2500; step += 1) run.log({ a: step });
    let left = 3;
    wandb.traps.onPage = ({ field }) => {
      if (field === "history" && left-- > 0) for (let n = 0; n < 1500; n += 1) run.log({ a: n });
    };
    await sync();
    await sync();
    await expectAllCells();
  });

  test("a window that is too much for the server is asked for in parts", async () => {
    addRuns(3, 100);
    wandb.traps.tooLarge = { rows: 300 };
    expect((await sync({ retry_attempts: 0 })).status).toBe("completed");
    await expectAllCells();
  });

  test("a server that bears one row at a time is asked for what is new, and no longer", async () => {
    addRuns(1, 10);
    const [run] = project.sortedRuns({ by: "createdAt", descending: false });
    wandb.traps.tooLarge = { rows: 1 };
    await sync({ retry_attempts: 0 });
    for (let step = 0; step < 5; step += 1) run?.log({ loss: step });
    const before = wandb.requests.length;
    await sync({ retry_attempts: 0 });
    await expectAllCells();
    expect(wandb.requests.length - before).toBeLessThan(40);
  });

  test("an error about the whole project in an answer of several runs passes", async () => {
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

  test("fewer lines than the service counts are reported once, with an example", async () => {
    addRuns(3, 2);
    for (const run of project.sortedRuns({ by: "createdAt", descending: false })) {
      Object.defineProperty(run.history, "lineCount", { get: () => 5 });
    }
    await sync();
    const [warning, ...more] = warnings;
    expect(more).toEqual([]);
    expect(warning).toMatch(/the history of 3 runs .* 2 lines read, the service counts 5/);
  });

  test("several runs go into one request, and fewer where the server finds that too complex", async () => {
    addRuns(80, 2);
    wandb.traps.complexity = { runs: 5 };
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

  test("one poisoned run that fails whole requests spoils no other", async () => {
    addRuns(40, 2);
    const [, , , broken] = project.sortedRuns({ by: "createdAt", descending: false });
    wandb.traps.brokenHistory = { run: broken?.name ?? "", status: 500 };
    expect((await sync({ retry_attempts: 0 })).status).toBe("partial");
    expect((await standing(database)).metrics).toHaveLength(39 * 2);
  });

  test.each([undefined, 500])(
    "a single run that fails for ever (%s) is a partial sync, though nothing else was to do",
    async (status) => {
      addRuns(4, 2);
      await sync();
      project.addRun({ name: "poisoned" }).log({ loss: 1 });
      wandb.traps.brokenHistory = {
        run: "poisoned",
        ...(status === undefined ? {} : { status }),
      };
      // Those that are looked at again are unchanged.
      for (let syncs = 0; syncs < 3; syncs += 1) {
        expect((await sync({ retry_attempts: 0, lookback_minutes: 0 })).status).toBe("partial");
      }
      const [entry, ...more] = await database.query(`SELECT reason FROM _rivulet_quarantine`);
      expect(String(entry?.["reason"])).toMatch(/failed to read the history of poisoned/);
      expect(more).toEqual([]);
    },
  );

  test.each(["turns all away", "is gone"] as const)(
    "a service that %s fails the sync, and puts no run in quarantine for it",
    async (how) => {
      addRuns(90, 2);
      let requests = 0;
      await restart({
        intercept: (service) => async (request, response) => {
          requests += Number(request.body.includes("query History"));
          if (requests <= 2) return service(request, response);
          if (how === "turns all away") return failing(429)(request, response);
          await wandb[Symbol.asyncDispose]();
        },
      });
      const { status, failures } = await sync({ retry_attempts: 1 });
      expect(status).toBe("failed");
      expect(failures.get("metrics")?.message).toMatch(/429|could not connect/);
      expect(await database.query(`SELECT * FROM _rivulet_quarantine`)).toEqual([]);
    },
  );

  test("a service that wants to be left alone for a day is not asked for one run after the other", async () => {
    addRuns(90, 2);
    let asked = 0;
    await restart({
      intercept: (service) => (request, response) => {
        const isOfSeveral = /query History.*\br1: /.test(request.body);
        asked += Number(isOfSeveral);
        if (!isOfSeveral || asked !== 1) return service(request, response);
        return failing(429, { "retry-after": "86400" })(request, response);
      },
    });
    const { status, failures } = await sync();
    expect(status).toBe("failed");
    expect(failures.get("metrics")?.message).toMatch(/asks to wait .*; try again after/);
    expect((await sync()).status).toBe("completed");
  });

  test("three poisoned runs and nothing else to do are a partial sync, not a failed one", async () => {
    addRuns(12, 2);
    const broken = project.sortedRuns({ by: "createdAt", descending: false }).slice(0, 3);
    await restart({
      intercept: (service) => (request, response) => {
        const isPoisoned = broken.some(({ name }) => request.body.includes(name));
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
  test("what a double cannot hold is in value_json, and nothing is lost", async () => {
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

  test("metrics can be left out and asked for by patterns, also those of the service", async () => {
    project.addRun().log({ loss: 1, "loss.val": 2, acc: 3, accuracy: 4, _internal: { x: 5 } });
    await sync({
      metrics: '{"include": ["loss*", "acc", "_runtime", "_int*"], "exclude": "*.val"}',
    });
    expect(Object.keys(await values()).sort()).toEqual(["_internal.x", "_runtime", "acc", "loss"]);
  });

  test("a line that is no object, or has no step, goes into quarantine, and the others arrive", async () => {
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

  test("configuration and summary are valid JSON, unwrapped, with all their digits", async () => {
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
