import { describe, expect, test } from "vitest";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { Wandb } from "../../support/wandb.ts";
import {
  anyText,
  basic,
  type EmulatorClient,
  path,
  record,
  useEmulator,
  vision,
} from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ wandb, project, client } = started);
});

describe("the key", () => {
  const query = `{ viewer { username } models(entityName: "acme") { edges { cursor } } project(name: "vision", entityName: "acme") { name } }`;

  test("is the password of the user `api` in Basic authentication", async () => {
    expect(await client.data(query)).toMatchObject({
      viewer: { username: "ada" },
      project: { name: "vision" },
    });
  });

  test.each([
    ["no key", ""],
    ["the key as that of another user", "ada"],
  ])("gives 200 and only null for %s", async (_, user) => {
    const authorization = user && `Basic ${btoa(`${user}:${wandb.apiKey}`)}`;
    expect(await client.statusAndBody(query, { headers: { authorization } })).toEqual([
      200,
      { data: { viewer: null, models: null, project: null } },
    ]);
  });

  test("gives 401 for a wrong key with wrongKeyStatus", async () => {
    wandb.faults.wrongKeyStatus = 401;

    expect(
      (await client.statusAndBody(query, { headers: { authorization: basic("guess") } }))[0],
    ).toBe(401);
    expect((await client.statusAndBody(query))[0]).toBe(200);
  });

  test("is rejected with Bearer", async () => {
    const headers = { authorization: `Bearer ${wandb.apiKey}` };
    const response = await client.statusAndBody(query, { headers });

    expect(response).toEqual([401, { errors: [{ message: "invalid token" }] }]);
  });
});

describe("GraphQL", () => {
  test("answers an unknown field with 400 and its name", async () => {
    expect(
      await client.statusAndBody(`{ ${vision} { runs { edges { node { displayNam } } } } }`),
    ).toEqual([400, { errors: [{ message: 'Cannot query field "displayNam" on type "Run".' }] }]);
  });

  test("lacks the missingFields, as an older server does", async () => {
    project.addRun({ name: "a" });
    const query = `{ ${vision} { run(name: "a") { updatedAt } } }`;
    wandb.faults.missingFields = ["Run.updatedAt", "Run.historyKeys"];
    const older = await client.statusAndBody(query);
    wandb.faults.missingFields = [];

    expect(older).toEqual([
      400,
      { errors: [{ message: 'Cannot query field "updatedAt" on type "Run".' }] },
    ]);
    expect((await client.statusAndBody(query))[0]).toBe(200);
  });

  test("rejects introspection", async () => {
    expect((await client.statusAndBody("{ __schema { types { name } } }"))[0]).toBe(400);
  });

  test.each([
    ["invalid JSON", "{"],
    ["no query", `{"variables":{}}`],
    ["bad syntax", `{"query":"{ viewer"}`],
    [
      "a variable of the wrong type",
      `{"query":"query($n:Int){models(first:$n){totalCount}}","variables":{"n":"x"}}`,
    ],
  ])("answers %s with 400 and errors", async (_, body) => {
    const response = await fetch(`${wandb.url}/graphql`, {
      method: "POST",
      headers: { authorization: basic(wandb.apiKey) },
      body,
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ message: anyText }] });
  });

  test("answers GET with 405", async () => {
    expect(
      (await fetch(`${wandb.url}/graphql`, { headers: { authorization: basic(wandb.apiKey) } }))
        .status,
    ).toBe(405);
  });

  test("answers several runs in one request, by alias", async () => {
    for (const name of ["a", "b"]) project.addRun({ name, displayName: `run ${name}` });

    const found = await client.data(
      `{ ${vision} { x: run(name: "a") { displayName } y: run(name: "b") { displayName } z: run(name: "c") { displayName } } }`,
    );

    expect(found["project"]).toEqual({
      x: { displayName: "run a" },
      y: { displayName: "run b" },
      z: null,
    });
  });

  test("answers the official SDK's queries", async () => {
    project.addRun({ name: "a" }).log({ loss: 1 });
    const variables = { project: "vision", entity: "acme", run: "a", order: "+created_at" };

    expect(await client.data(sdkRuns, variables)).toMatchObject({
      project: {
        runCount: 1,
        runs: { edges: [{ node: { name: "a", user: { username: "ada" } } }] },
      },
    });
    expect(
      await client.data(sdkHistoryPage, {
        ...variables,
        minStep: 0,
        maxStep: 1000,
        pageSize: 1000,
      }),
    ).toMatchObject({ project: { run: { history: [anyText] } } });
  });
});

describe("projects", () => {
  const query = `query($after: String) { models(entityName: "acme", first: 2, after: $after) {
    totalCount edges { node { id internalId name createdAt entityName } } pageInfo { endCursor hasNextPage } } }`;

  test("come in pages, oldest first", async () => {
    for (const name of ["audio", "text"]) wandb.workspace.addProject({ name });

    const { models: first } = await client.data(query);
    const { models: second } = await client.data(query, {
      after: path(first, "pageInfo", "endCursor"),
    });

    expect(first).toMatchObject({
      totalCount: 3,
      edges: [{ node: { name: "vision", entityName: "acme" } }, { node: { name: "audio" } }],
      pageInfo: { hasNextPage: true, endCursor: btoa("arrayconnection:1") },
    });
    expect(second).toMatchObject({
      edges: [{ node: { name: "text" } }],
      pageInfo: { hasNextPage: false },
    });
  });

  test("keep their id when renamed", async () => {
    const before = path(await client.data(query), "models", "edges", "0", "node");
    wandb.workspace.renameProject(project, "sight");
    const after = path(await client.data(query), "models", "edges", "0", "node");

    expect(after).toEqual({ ...record(before), name: "sight" });
    expect(await client.data(`{ ${vision} { name } }`)).toEqual({ project: null });
  });

  test("disappear when deleted", async () => {
    wandb.workspace.deleteProject(project);

    expect(await client.data(`{ ${vision} { name } }`)).toEqual({ project: null });
    expect(path(await client.data(query), "models", "totalCount")).toBe(0);
  });

  test("of another entity are null", async () => {
    expect(
      await client.data(
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
