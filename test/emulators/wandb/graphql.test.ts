import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { anyText, graphqlClient, basic, path, record, vision } from "./graphql-client.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";

let wandb: Wandb;
let project: WandbProject;
let ask: ReturnType<typeof graphqlClient>;

beforeEach(async () => {
  wandb = await startWandb();
  ask = graphqlClient(wandb);
  project = wandb.workspace.addProject({ name: "vision" });
});

afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
});

describe("the key", () => {
  const query = `{ viewer { username } models(entityName: "acme") { edges { cursor } } project(name: "vision", entityName: "acme") { name } }`;

  test("goes with Basic as the password of the user `api`", async () => {
    expect(await ask.data(query)).toMatchObject({
      viewer: { username: "ada" },
      project: { name: "vision" },
    });
  });

  test.each([
    ["a wrong key", basic("guess")],
    ["no key", ""],
    ["the key of another user", `Basic ${btoa("ada:local-key")}`],
  ])("gets 200 and nothing but null for %s", async (_, authorization) => {
    expect(await ask.statusAndBody(query, { headers: { authorization } })).toEqual([
      200,
      { data: { viewer: null, models: null, project: null } },
    ]);
  });

  test("gets 401 where badKey says so", async () => {
    wandb.faults.wrongKeyStatus = 401;

    expect(
      (await ask.statusAndBody(query, { headers: { authorization: basic("guess") } }))[0],
    ).toBe(401);
    expect((await ask.statusAndBody(query))[0]).toBe(200);
  });

  test("is refused after Bearer", async () => {
    const headers = { authorization: `Bearer ${wandb.apiKey}` };
    const answer = await ask.statusAndBody(query, { headers });

    expect(answer).toEqual([401, { errors: [{ message: "invalid token" }] }]);
  });
});

describe("GraphQL", () => {
  test("says 400 and which field it does not know", async () => {
    expect(
      await ask.statusAndBody(`{ ${vision} { runs { edges { node { displayNam } } } } }`),
    ).toEqual([400, { errors: [{ message: 'Cannot query field "displayNam" on type "Run".' }] }]);
  });

  test("lacks the fields of missingFields, as an older server does", async () => {
    project.addRun({ name: "a" });
    const query = `{ ${vision} { run(name: "a") { updatedAt } } }`;
    wandb.faults.missingFields = ["Run.updatedAt", "Run.historyKeys"];
    const older = await ask.statusAndBody(query);
    wandb.faults.missingFields = [];

    expect(older).toEqual([
      400,
      { errors: [{ message: 'Cannot query field "updatedAt" on type "Run".' }] },
    ]);
    expect((await ask.statusAndBody(query))[0]).toBe(200);
  });

  test("refuses introspection", async () => {
    expect((await ask.statusAndBody("{ __schema { types { name } } }"))[0]).toBe(400);
  });

  test.each([
    ["no JSON", "{"],
    ["no query", `{"variables":{}}`],
    ["bad syntax", `{"query":"{ viewer"}`],
    [
      "a variable of another type",
      `{"query":"query($n:Int){models(first:$n){totalCount}}","variables":{"n":"x"}}`,
    ],
  ])("answers %s with 400 and errors", async (_, body) => {
    const answer = await fetch(`${wandb.url}/graphql`, {
      method: "POST",
      headers: { authorization: basic(wandb.apiKey) },
      body,
    });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ message: anyText }] });
  });

  test("answers GET with 405 and another path with 404", async () => {
    expect(
      (await fetch(`${wandb.url}/graphql`, { headers: { authorization: basic(wandb.apiKey) } }))
        .status,
    ).toBe(405);
    expect((await fetch(`${wandb.url}/graphql/v2`, { method: "POST" })).status).toBe(404);
  });

  test("answers several runs in one request by aliases", async () => {
    for (const name of ["a", "b"]) project.addRun({ name, displayName: `run ${name}` });

    const found = await ask.data(
      `{ ${vision} { x: run(name: "a") { displayName } y: run(name: "b") { displayName } z: run(name: "c") { displayName } } }`,
    );

    expect(found["project"]).toEqual({
      x: { displayName: "run a" },
      y: { displayName: "run b" },
      z: null,
    });
  });

  test("answers what the official SDK asks", async () => {
    project.addRun({ name: "a" }).log({ loss: 1 });
    const variables = { project: "vision", entity: "acme", run: "a", order: "+created_at" };

    expect(await ask.data(sdkRuns, variables)).toMatchObject({
      project: {
        runCount: 1,
        runs: { edges: [{ node: { name: "a", user: { username: "ada" } } }] },
      },
    });
    expect(
      await ask.data(sdkHistoryPage, { ...variables, minStep: 0, maxStep: 1000, pageSize: 1000 }),
    ).toMatchObject({ project: { run: { history: [anyText] } } });
  });
});

describe("projects", () => {
  const query = `query($after: String) { models(entityName: "acme", first: 2, after: $after) {
    totalCount edges { node { id internalId name createdAt entityName } } pageInfo { endCursor hasNextPage } } }`;

  test("come in pages, the oldest first", async () => {
    for (const name of ["audio", "text"]) wandb.workspace.addProject({ name });

    const { models: first } = await ask.data(query);
    const { models: second } = await ask.data(query, {
      after: path(first, "pageInfo", "endCursor"),
    });

    expect(first).toMatchObject({
      totalCount: 3,
      edges: [{ node: { name: "vision", entityName: "acme" } }, { node: { name: "audio" } }],
      pageInfo: { hasNextPage: true },
    });
    expect(second).toMatchObject({
      edges: [{ node: { name: "text" } }],
      pageInfo: { hasNextPage: false },
    });
  });

  test("keep their id under another name", async () => {
    const before = path(await ask.data(query), "models", "edges", "0", "node");
    wandb.workspace.renameProject(project, "sight");
    const after = path(await ask.data(query), "models", "edges", "0", "node");

    expect(after).toEqual({ ...record(before), name: "sight" });
    expect(await ask.data(`{ ${vision} { name } }`)).toEqual({ project: null });
  });

  test("vanish when they are deleted", async () => {
    wandb.workspace.deleteProject(project);

    expect(await ask.data(`{ ${vision} { name } }`)).toEqual({ project: null });
    expect(path(await ask.data(query), "models", "totalCount")).toBe(0);
  });

  test("of another entity are null", async () => {
    expect(
      await ask.data(
        `{ project(name: "vision", entityName: "other") { name } models(entityName: "other") { totalCount } }`,
      ),
    ).toEqual({ project: null, models: null });
  });
});

const sdkRuns = `
  query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String, $filters: JSONString) {
    project(name: $project, entityName: $entity) {
      internalId
      runCount(filters: $filters)
      readOnly
      runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
        edges { node { projectId ...RunFragment } cursor }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
  fragment RunFragment on Run {
    id tags name displayName sweepName state config group jobType commit readOnly createdAt heartbeatAt description notes
    systemMetrics summaryMetrics historyLineCount historyKeys user { name username }
  }
`;

const sdkHistoryPage = `
  query HistoryPage($entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!) {
    project(name: $project, entityName: $entity) {
      run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
    }
  }
`;
