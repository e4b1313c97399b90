import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { basic, graphqlClient, path, vision } from "./graphql-client.ts";

let wandb: Wandb;
let client: ReturnType<typeof graphqlClient>;

beforeEach(async () => {
  wandb = await startWandb();
  client = graphqlClient(wandb);
  wandb.workspace.addProject({ name: "vision" });
});

afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
});

describe("for the official SDK, the emulator", () => {
  test("lets it log in: the viewer has flags and teams", async () => {
    expect(
      await client.data("query Viewer { viewer { flags teams { edges { node { name } } } } }"),
    ).toEqual({ viewer: { flags: "{}", teams: { edges: [{ node: { name: "acme" } }] } } });
  });

  test("takes an empty operationName for none", async () => {
    const response = await fetch(`${wandb.url}/graphql`, {
      method: "POST",
      headers: { authorization: basic(wandb.apiKey) },
      body: JSON.stringify({
        query: "query GetDefaultEntity { viewer { entity } }",
        variables: {},
        operationName: "",
      }),
    });

    expect(await response.json()).toEqual({ data: { viewer: { entity: "acme" } } });
    expect(wandb.requests.map(({ operation }) => operation)).toEqual(["GetDefaultEntity"]);
  });

  test("has the owners of projects with all their fields", async () => {
    const owner =
      "user { admin flags deletedAt apiKeys { edges { node { id name description } } } }";

    expect(
      await client.data(`{ models(entityName: "acme") { edges { node { name ${owner} } } } }`),
    ).toEqual({
      models: {
        edges: [
          {
            node: {
              name: "vision",
              user: { admin: false, flags: "{}", deletedAt: null, apiKeys: { edges: [] } },
            },
          },
        ],
      },
    });
  });

  test("knows of no optional features", async () => {
    expect(await client.data("{ serverInfo { features { name isEnabled } } }")).toEqual({
      serverInfo: { features: [] },
    });
  });

  test("has no Parquet files of a history: all rows that have the keys are live", async () => {
    const run = wandb.workspace.project("vision")?.addRun({ name: "a" });
    run?.log({ _step: 3, loss: 1 });
    run?.log({ _step: 7, val: { loss: NaN } });
    const live = async (keys: string): Promise<unknown> =>
      path(
        await client.data(
          `{ ${vision} { run(name: "a") { parquetHistory(liveKeys: ${keys}) { parquetUrls liveData } } } }`,
        ),
        ...["project", "run", "parquetHistory"],
      );

    expect(await live(`["_step"]`)).toEqual({
      parquetUrls: [],
      liveData: [{ _step: 3 }, { _step: 7 }],
    });
    expect(await live(`["_step", "val.loss"]`)).toEqual({
      parquetUrls: [],
      liveData: [{ _step: 7, "val.loss": "NaN" }],
    });
  });
});
