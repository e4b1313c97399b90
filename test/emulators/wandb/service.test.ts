import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { badGateway, graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { graphqlClient, vision } from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: ReturnType<typeof graphqlClient>;

beforeEach(async () => {
  wandb = await startWandb();
  client = graphqlClient(wandb);
  project = wandb.workspace.addProject({ name: "vision" });
});

afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
});

describe("faults", () => {
  const query = "{ viewer { username } }";

  test("rateLimit may send Retry-After with a rejected request, and counts it", async () => {
    wandb.faults.rateLimit = { allow: 1, refuse: 1, retryAfter: "3" };
    const [accepted, rejected] = [await client.post(query), await client.post(query)];

    expect(accepted.headers.get("retry-after")).toBeNull();
    expect(rejected.headers.get("retry-after")).toBe("3");
    expect(wandb.counters.refused).toBe(1);
  });

  test("nextResponses replace the responses, one each", async () => {
    wandb.faults.nextResponses = [
      graphqlErrors(200, "no luck"),
      graphqlErrors(422, "no luck"),
      badGateway,
    ];
    const responses = [
      await client.post(query),
      await client.post(query),
      await client.post(query),
      await client.post(query),
    ];

    expect(responses.map(({ status }) => status)).toEqual([200, 422, 502, 200]);
    expect(await Promise.all(responses.slice(0, 2).map((response) => response.json()))).toEqual([
      { errors: [{ message: "no luck" }] },
      { errors: [{ message: "no luck" }] },
    ]);
    expect(await responses[2]!.text()).toMatch(/^<html>/);
  });

  test("complexity rejects or delays requests for too many runs", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    const many = `{ ${vision} { a: run(name: "a") { name } b: run(name: "b") { name } c: run(name: "c") { name } } }`;
    wandb.faults.complexity = { runs: 2 };
    const rejected = await client.statusAndBody(many);
    wandb.faults.complexity = { runs: 2, slowMs: 60_000 };

    expect(rejected).toEqual([400, { errors: [{ message: "the query is too complex" }] }]);
    expect((await client.statusAndBody(many.replace(/ c: .*?\}/, "")))[0]).toBe(200);
    expect(await isSilent(many)).toBe(true);
  });

  test("maxInFlight counts the requests that latencyMs delays at the same time", async () => {
    wandb.faults.latencyMs = 60_000;

    expect(await Promise.all([isSilent(query), isSilent(query), isSilent(query)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(wandb.counters.maxInFlight).toBe(3);
  });

  test("gzip compresses responses for a client that accepts it", async () => {
    wandb.faults.gzip = true;
    const [compressed, plain] = [
      await client.post(query),
      await client.post(query, { headers: { "accept-encoding": "identity" } }),
    ];

    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await compressed.json()).toEqual(await plain.json());
  });

  test("onPage is called with each page and its size", async () => {
    project.addRun({ name: "a" }).log({ loss: 1 });
    const pages: unknown[] = [];
    wandb.faults.onPage = (page) => {
      pages.push(page);
    };
    await client.data(
      `{ models { totalCount edges { cursor } } ${vision} { runs { edges { node { history(samples: 5) } } } } }`,
    );

    expect(pages).toEqual([
      { field: "models", size: 1 },
      { field: "runs", size: 1 },
      { field: "history", size: 1 },
    ]);
    expect(wandb.counters).toMatchObject({ runs: 1, historyRows: 1 });
  });
});

/** Whether there is no response for 200 ms. */
async function isSilent(query: string): Promise<boolean> {
  const response = client.post(query).then(
    () => false,
    () => false,
  );
  const silence = new Promise<true>((resolve) => setTimeout(resolve, 200, true));
  return await Promise.race([response, silence]);
}
