import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failing, firstTimes } from "../../support/faults.ts";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { badGateway, graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import { graphqlClient, basic, vision } from "./graphql-client.ts";
import { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";

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

describe("traps", () => {
  const query = "{ viewer { username } }";

  test("rateLimit refuses with RateLimit headers, and with Retry-After where it is given", async () => {
    wandb.faults.rateLimit = { allow: 1, refuse: 1, resetSeconds: 7 };
    const [passed, refused] = [await ask.post(query), await ask.post(query)];
    wandb.faults.rateLimit = { allow: 1, refuse: 1, retryAfter: "3" };
    const allowed = await ask.post(query);

    expect([passed.status, passed.headers.get("ratelimit-remaining")]).toEqual([200, "0"]);
    expect([refused.status, await refused.json()]).toEqual([429, { error: "rate limit exceeded" }]);
    expect(
      ["limit", "remaining", "reset"].map((name) => refused.headers.get(`ratelimit-${name}`)),
    ).toEqual(["1", "0", "7"]);
    expect(refused.headers.get("retry-after")).toBeNull();
    expect(allowed.headers.get("retry-after")).toBeNull();
    expect((await ask.post(query)).headers.get("retry-after")).toBe("3");
    expect(wandb.counters.refused).toBe(2);
  });

  test("faults are answered instead, one each", async () => {
    wandb.faults.nextResponses = [
      graphqlErrors(200, "no luck"),
      graphqlErrors(422, "no luck"),
      badGateway,
    ];
    const answers = [
      await ask.post(query),
      await ask.post(query),
      await ask.post(query),
      await ask.post(query),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 422, 502, 200]);
    expect(await Promise.all(answers.slice(0, 2).map((answer) => answer.json()))).toEqual([
      { errors: [{ message: "no luck" }] },
      { errors: [{ message: "no luck" }] },
    ]);
    expect(await answers[2]!.text()).toMatch(/^<html>/);
  });

  test("complexity refuses too many runs in one request, or answers later", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    const many = `{ ${vision} { a: run(name: "a") { name } b: run(name: "b") { name } c: run(name: "c") { name } } }`;
    wandb.faults.complexity = { runs: 2 };
    const refused = await ask.statusAndBody(many);
    wandb.faults.complexity = { runs: 2, slowMs: 60_000 };

    expect(refused).toEqual([400, { errors: [{ message: "the query is too complex" }] }]);
    expect((await ask.statusAndBody(many.replace(/ c: .*?\}/, "")))[0]).toBe(200);
    expect(await isSilent(many)).toBe(true);
  });

  test("latencyMs holds answers back, and maxInFlight tells how many waited together", async () => {
    wandb.faults.latencyMs = 60_000;

    expect(await Promise.all([isSilent(query), isSilent(query), isSilent(query)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(wandb.counters.maxInFlight).toBe(3);
  });

  test("gzip compresses for a client that accepts it", async () => {
    wandb.faults.gzip = true;
    const [packed, plain] = [
      await ask.post(query),
      await ask.post(query, { headers: { "accept-encoding": "identity" } }),
    ];

    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await packed.json()).toEqual(await plain.json());
  });

  test("onPage tells of each page and its size", async () => {
    project.addRun({ name: "a" }).log({ loss: 1 });
    const seen: unknown[] = [];
    wandb.faults.onPage = (page) => {
      seen.push(page);
    };
    await ask.data(
      `{ models { totalCount edges { cursor } } ${vision} { runs { edges { node { history(samples: 5) } } } } }`,
    );

    expect(seen).toEqual([
      { field: "models", size: 1 },
      { field: "runs", size: 1 },
      { field: "history", size: 1 },
    ]);
    expect(wandb.counters).toMatchObject({ runs: 1, historyRows: 1 });
  });
});

test("intercept comes before the service and is in the log too", async () => {
  await using faulty = await startWandb({
    intercept: (service) => firstTimes(1, failing(503), service),
  });
  const status = async () =>
    (
      await fetch(`${faulty.url}/graphql`, {
        method: "POST",
        headers: { authorization: basic(wandb.apiKey) },
        body: `{"query":"{viewer{id}}"}`,
      })
    ).status;

  expect([await status(), await status()]).toEqual([503, 200]);
  expect(faulty.requests).toHaveLength(2);
});

test("requests logs method, operation, query, variables and headers", async () => {
  const query = "query Who($n: Int) { models(first: $n) { totalCount } }";
  await ask.post(query, { headers: { "user-agent": "me" }, variables: { n: 3 } });
  await fetch(`${wandb.url}/somewhere?x=1`);

  expect(wandb.requests).toMatchObject([
    {
      method: "POST",
      query,
      operation: "Who",
      variables: { n: 3 },
      headers: { "user-agent": "me" },
    },
    { method: "GET", url: { pathname: "/somewhere", search: "?x=1" } },
  ]);
});

test("a workspace is the same for the same seed", async () => {
  const texts: string[] = [];
  for (const seed of [1, 1, 2]) {
    const workspace = new WandbWorkspace({ clock: new WandbClock({ seed }) });
    workspace.addProject({ name: "vision" }).addRun().log({ loss: 1 });
    await using server = await startWandb({ workspace });
    const query = `{ ${vision} { runs { edges { node { id name createdAt history(samples: 1) } } } } }`;
    texts.push(await (await graphqlClient(server).post(query)).text());
  }

  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).not.toBe(texts[2]);
});

/** Whether there is no answer for a while. */
async function isSilent(query: string): Promise<boolean> {
  const answered = ask.post(query).then(
    () => false,
    () => false,
  );
  const silence = new Promise<true>((resolve) => setTimeout(resolve, 200, true));
  return await Promise.race([answered, silence]);
}
