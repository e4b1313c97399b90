import { describe, expect, test } from "vitest";
import { specifiedRules, parse, validate } from "graphql";
import { badGateway, graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import { wandbSchema } from "../../../src/emulators/wandb/schema.ts";
import { newSqlite } from "../../support/databases.ts";
import { failing } from "../../support/faults.ts";
import { type Copy, useCopy } from "./copy.ts";

let copy: Copy;
useCopy(newSqlite, (started) => {
  copy = started;
});

describe("login", () => {
  test.each([undefined, 401] as const)("names the setting of a wrong key (%s)", async (status) => {
    if (status) copy.faults.wrongKeyStatus = status;
    const { exit, error } = await copy.sync({ api_key: "wrong" });
    expect([exit, error]).toEqual([2, expect.stringMatching(/check wandb\.api_key/)]);
  });

  test("names a project that does not exist", async () => {
    const { exit, error } = await copy.sync({ project: "nope" });
    expect([exit, error]).toEqual([2, expect.stringMatching(/no project "nope" in "acme"/)]);
  });

  test("sends the key as the password of user `api`", async () => {
    copy.addRuns(1, 1);
    const { requests } = await copy.sync();
    const expected = `Basic ${Buffer.from(`api:${copy.wandb.apiKey}`).toString("base64")}`;
    expect(new Set(requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([expected]),
    );
  });
});

test("sends only valid queries, without introspection, and the same text for the same request", async () => {
  copy.addRuns(70, 2);
  await copy.sync({ projects: ["*"] });
  copy.project.deleteRun("r3");
  await copy.sync({ projects: ["*"], listing_page_size: 10 });
  const schema = wandbSchema();
  const queries = new Set(copy.wandb.requests.map(({ query = "" }) => query));
  for (const query of queries) expect(validate(schema, parse(query), specifiedRules)).toEqual([]);
  expect([...queries].join()).not.toContain("__");
  expect(queries.size).toBeLessThan(40);
  expect(queries.size).toBeGreaterThan(3);
});

test("the list has only light fields, and its filters by time have a Z", async () => {
  copy.addRuns(20);
  const { requests } = await copy.sync({ listing_page_size: 5 });
  const listings = requests.filter(({ variables }) => variables?.["first"] === 5);
  for (const { query } of listings)
    expect(query).not.toMatch(/config|summaryMetrics|systemMetrics|historyKeys/);
  const filters = listings.slice(1).map(({ variables }) => String(variables?.["filters"]));
  expect(filters.length).toBeGreaterThan(3);
  for (const filter of filters)
    expect(filter).toMatch(/^\{"createdAt":\{"\$gte":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\}$/);
});

test("a page that is too large for the server (502 with HTML) is requested in smaller ones", async () => {
  copy.addRuns(30, 1);
  copy.faults.tooLarge = { runs: 8 };
  expect((await copy.sync({ retry_attempts: 0 })).exit).toBe(0);
  await copy.expectEqual();
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
    copy.addRuns(3, 2);
    copy.faults.nextResponses = [fault];
    const { exit, requests } = await copy.sync();
    expect(exit).toBe(0);
    expect(requests[1]?.body).toBe(requests[0]?.body);
    await copy.expectEqual();
  });

  test("waits until a rate limit ends", async () => {
    copy.addRuns(6, 2);
    copy.faults.rateLimit = { allow: 3, refuse: 2, resetSeconds: 0.02 };
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.wandb.counters.refused).toBeGreaterThan(0);
    await copy.expectEqual();
  });
});

describe("several projects", () => {
  function failFor(names: readonly string[]): void {
    copy.intercepted = (body) =>
      names.some((name) => body.includes(`"project":"${name}"`)) ? failing(500) : undefined;
  }

  function addProjects(names: readonly string[]): void {
    for (const name of names)
      copy.wandb.workspace.addProject({ name }).addRun({ name }).log({ loss: 1 });
  }

  test("one that fails does not stop the others, but ends the sync with 1", async () => {
    addProjects(["a", "b", "c"]);
    failFor(["b"]);
    const { exit, error, warnings } = await copy.sync({ projects: "*", retry_attempts: 0 });
    expect([exit, error]).toEqual([1, expect.stringMatching(/^runs: .*\nmetrics: /)]);
    const rows = await copy.database.query(`SELECT project FROM metrics ORDER BY 1`);
    expect(rows).toEqual([{ project: "a" }, { project: "c" }]);
    expect(warnings).toContainEqual(
      expect.stringMatching(/^project "b": .*500.*; continuing with the others$/),
    );
  });
});

test("fields that an older server lacks are omitted, and each is reported once", async () => {
  copy.addRuns(5, 2);
  copy.faults.missingFields = ["Run.updatedAt", "Run.jobType", "User.username", "Run.commit"];
  const { exit, warnings } = await copy.sync({ page_size: 2 });
  expect(exit).toBe(0);
  const rows = await copy.database.query(`SELECT * FROM runs`);
  expect(rows).toHaveLength(5);
  for (const row of rows)
    expect(row).toMatchObject({ updated_at: null, user: "ada", host: "node-1" });
  expect(warnings.filter((message) => message.includes("Run.updatedAt"))).toHaveLength(1);
  expect(warnings).toHaveLength(4);
});
