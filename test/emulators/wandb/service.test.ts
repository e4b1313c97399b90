import { describe, expect, test } from "vitest";
import { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { badGateway, graphqlErrors, noResponse } from "../../../src/emulators/wandb/response.ts";
import type { Wandb } from "../../support/wandb.ts";
import { type EmulatorClient, useEmulator, vision } from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ wandb, project, client } = started);
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

  test("onPage and onAnswer are called after a response, which is one snapshot, and onRequest before it", async () => {
    project.addRun({ name: "a" });
    const order: string[] = [];
    const change = (hook: string) => () => {
      order.push(hook);
      project.addRun();
    };
    wandb.faults.onRequest = change("request");
    wandb.faults.onPage = change("page");
    wandb.faults.onAnswer = change("answer");
    const counted = `query Count { ${vision} { a: runs { totalCount edges { cursor } } b: runCount } }`;
    const first = await client.data(counted);
    const second = await client.data(counted);

    expect(first).toMatchObject({ project: { a: { totalCount: 2 }, b: 2 } });
    expect(second).toMatchObject({ project: { a: { totalCount: 5 }, b: 5 } });
    expect(order).toEqual(["request", "page", "answer", "request", "page", "answer"]);
  });

  test("onRequest and onAnswer see every request, also those that fail", async () => {
    wandb.faults.rateLimit = { allow: 1, refuse: 1 };
    wandb.faults.nextResponses = [badGateway];
    const seen: unknown[] = [];
    wandb.faults.onRequest = ({ operation, variables }) => seen.push([operation, variables]);
    wandb.faults.onAnswer = ({ path }) => seen.push(path);
    const named = "query Who($n: Int) { models(first: $n) { totalCount } }";
    for (const text of [named, query, query]) await client.post(text, { variables: { n: 1 } });
    await fetch(`${wandb.url}/somewhere`);

    const [one, nameless] = [{ n: 1 }, ["", { n: 1 }]];
    expect(seen).toEqual([
      ...[["Who", one], "/graphql", nameless, "/graphql", nameless, "/graphql"],
      ...[["", {}], "/somewhere"],
    ]);
  });

  test("noResponse leaves a request without any answer", async () => {
    wandb.faults.nextResponses = [noResponse];

    expect(await isSilent(query)).toBe(true);
    expect((await client.post(query)).status).toBe(200);
  });
});

test("requests are counted by operation, with the single runs that they ask for", async () => {
  const runs = `query Runs { ${vision} { x: run(name: "a") { name } y: run(name: "b") { name } } }`;
  await client.post(runs);
  await client.post(runs);
  await client.post("{ viewer { username } }");
  await fetch(`${wandb.url}/somewhere`);

  expect(wandb.counters.requests).toBe(4);
  expect(Object.fromEntries(wandb.counters.operations)).toEqual({
    Runs: { requests: 2, singleRuns: 4 },
    "": { requests: 1, singleRuns: 0 },
  });
});

describe("the clock", () => {
  const dateOf = async (path = "/graphql"): Promise<string | null> =>
    (await fetch(wandb.url + path)).headers.get("date");

  test("is in the header Date of every response, as it is in the runs", async () => {
    wandb.workspace.clock.set("2026-03-01T12:00:00Z");
    const run = project.addRun();

    expect(run.fields.createdAt).toBe("2026-03-01T12:00:01Z");
    expect(await dateOf()).toBe("Sun, 01 Mar 2026 12:00:01 GMT");
    wandb.workspace.clock.advance(24 * 3_600_000);
    wandb.faults.rateLimit = { allow: 0, refuse: 1 };
    expect(await dateOf()).toBe("Mon, 02 Mar 2026 12:00:01 GMT");
    expect(await dateOf("/nowhere")).toBe("Mon, 02 Mar 2026 12:00:01 GMT");
  });

  test("writes timestamps in whole seconds unless its granularity is finer", () => {
    const instants = (granularityMs?: number): string[] => {
      const clock = new WandbClock({
        tickMs: 400,
        ...(granularityMs === undefined ? {} : { granularityMs }),
      });
      return Array.from({ length: 3 }, () => clock.nextInstant().slice(17));
    };

    expect(instants()).toEqual(["00Z", "00Z", "01Z"]);
    expect(instants(100)).toEqual(["00.400Z", "00.800Z", "01.200Z"]);
    expect(instants(60_000)).toEqual(["00Z", "00Z", "00Z"]);
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
