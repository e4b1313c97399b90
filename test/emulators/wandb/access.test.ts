import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { graphqlClient, vision } from "./graphql-client.ts";

let wandb: Wandb;
let client: ReturnType<typeof graphqlClient>;

beforeEach(async () => {
  wandb = await startWandb();
  client = graphqlClient(wandb);
  const { workspace } = wandb;
  workspace.addProject({ name: "secret" }).addRun({ name: "s" });
  workspace.addProject({ name: "vision", access: "USER_READ" }).addRun({ name: "a" }).log({});
});

afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
});

describe("without a valid key", () => {
  const query = `{
    viewer { username }
    models(entityName: "acme") { totalCount edges { node { name access } } }
    ${vision} { runCount run(name: "a") { historyLineCount } runs { edges { node { name } } } }
    secret: project(name: "secret", entityName: "acme") { runCount }
  }`;
  const vision_ = {
    runCount: 1,
    run: { historyLineCount: 1 },
    runs: { edges: [{ node: { name: "a" } }] },
  };
  const models = [
    { node: { name: "secret", access: "PRIVATE" } },
    { node: { name: "vision", access: "USER_READ" } },
  ];

  test("public projects are read and private ones are not there, until the key is restored", async () => {
    const before = await client.data(query);
    wandb.faults.keyRevoked = true;
    const revoked = await client.data(query);
    wandb.faults.keyRevoked = false;

    expect(before).toEqual({
      viewer: { username: "ada" },
      models: { totalCount: 2, edges: models },
      project: vision_,
      secret: { runCount: 1 },
    });
    expect(revoked).toEqual({
      viewer: null,
      models: { totalCount: 1, edges: models.slice(1) },
      project: vision_,
      secret: null,
    });
    expect(await client.data(query)).toEqual(before);
  });

  test("a revoked key may also get 401", async () => {
    wandb.faults.keyRevoked = true;
    wandb.faults.wrongKeyStatus = 401;

    expect((await client.statusAndBody(query))[0]).toBe(401);
  });

  test("the REST API answers 401", async () => {
    wandb.faults.rest = {};
    const get = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${wandb.apiKey}` };
      return (await fetch(`${wandb.url}/projects/acme/vision/runs`, { headers })).status;
    };
    const before = await get();
    wandb.faults.keyRevoked = true;

    expect([before, await get()]).toEqual([200, 401]);
  });
});

describe("a server that imitates W&B", () => {
  const listing = `{ ${vision} { runs(filters: "{}") { totalCount } } }`;
  const count = `{ ${vision} { runCount(filters: "{}") } }`;

  test("lacks single arguments with missingFields", async () => {
    wandb.faults.missingFields = ["Project.runs.filters", "Project.runCount"];

    expect(await client.statusAndBody(listing)).toEqual([
      400,
      { errors: [{ message: 'Unknown argument "filters" on field "Project.runs".' }] },
    ]);
    expect((await client.statusAndBody(count))[1]).toEqual({
      errors: [{ message: 'Cannot query field "runCount" on type "Project".' }],
    });
    expect((await client.statusAndBody(listing.replace(/\(filters.*?\)/, "")))[0]).toBe(200);
  });

  test("answers an invalid query with invalidQuery's status and quotes", async () => {
    wandb.faults.missingFields = ["Project.runCount.filters"];
    wandb.faults.invalidQuery = { status: 200, quotes: "single" };

    expect(await client.statusAndBody(count)).toEqual([
      200,
      { errors: [{ message: "Unknown argument 'filters' on field 'Project.runCount'." }] },
    ]);
  });
});
