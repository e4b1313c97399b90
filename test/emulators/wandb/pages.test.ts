import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { graphqlClient, path, record, vision } from "./graphql-client.ts";

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

describe("a listing of runs", () => {
  test.each([
    ["+created_at", ["a", "b", "c"]],
    ["-created_at", ["c", "b", "a"]],
    ["+heartbeat_at", ["b", "c", "a"]],
    ["-heartbeat_at", ["a", "c", "b"]],
  ])("is sorted by %s", async (order, names) => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    const before = await client.readRunNames({ order, first: 3 });
    project.run("a")?.heartbeat();

    expect(before.flat().toSorted()).toEqual(["a", "b", "c"]);
    expect((await client.readRunNames({ order, first: 1 })).flat()).toEqual(names);
  });

  test("rejects an unknown order", async () => {
    expect(
      (
        await client.statusAndBody(
          `{ ${vision} { runs(order: "+colour") { totalCount edges { cursor } } } }`,
        )
      )[0],
    ).toBe(400);
  });

  test("tells runs with the same timestamp apart", async () => {
    const workspace = new WandbWorkspace({ clock: new WandbClock({ tickMs: 0 }) });
    await using same = await startWandb({ workspace });
    const runs = workspace.addProject({ name: "vision" });
    const added = Array.from({ length: 5 }, (_, index) => runs.addRun({ name: `r${index}` }));

    expect(new Set(added.map(({ fields }) => fields.heartbeatAt)).size).toBe(1);
    expect(
      (await graphqlClient(same).readRunNames({ order: "+heartbeat_at", first: 2 })).flat(),
    ).toEqual(["r0", "r1", "r2", "r3", "r4"]);
  });

  test("repeats a run that moves to the end between two pages, and loses none", async () => {
    for (const name of ["a", "b", "c", "d"]) project.addRun({ name });
    wandb.faults.onPage = () => {
      delete wandb.faults.onPage;
      project.run("a")?.heartbeat();
      project.deleteRun("b");
    };

    expect((await client.readRunNames({ order: "+heartbeat_at", first: 2 })).flat()).toEqual([
      "a",
      "b",
      "c",
      "d",
      "a",
    ]);
  });

  test("counts hidden runs, so that a page may be empty although more follow", async () => {
    for (let index = 0; index < 6; index += 1) project.addRun({ name: `r${index}` });
    for (const name of ["r2", "r3", "r5"]) project.run(name)!.hidden = true;

    const pages = await client.readRunNames({ order: "+created_at", first: 2 });

    expect(pages).toEqual([["r0", "r1"], [], ["r4"]]);
    expect(
      await client.data(`{ ${vision} { runCount(filters: "{}") run(name: "r2") { name } } }`),
    ).toEqual({
      project: { runCount: 3, run: null },
    });
  });

  test("has an empty page before each page with emptyPages", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    wandb.faults.emptyPages = true;

    expect(await client.readRunNames({ order: "+created_at", first: 2 })).toEqual([
      [],
      ["a", "b"],
      [],
      ["c"],
    ]);
  });

  test("never ends and never advances with stuckCursor", async () => {
    for (const name of ["a", "b"]) project.addRun({ name });
    wandb.faults.stuckCursor = true;
    const first = record(await client.runsPage({ first: 1 }));
    const second = record(
      await client.runsPage({ first: 1, after: path(first, "pageInfo", "endCursor") }),
    );

    expect(second["pageInfo"]).toEqual(first["pageInfo"]);
    expect(second["pageInfo"]).toMatchObject({ hasNextPage: true });
  });

  test("fails with 502 and HTML for a page above tooLarge", async () => {
    wandb.faults.tooLarge = { runs: 10 };
    const response = await client.post(
      `{ ${vision} { runs(first: 11) { totalCount edges { cursor } } } }`,
    );

    expect([response.status, response.headers.get("content-type")]).toEqual([
      502,
      "text/html; charset=UTF-8",
    ]);
    expect(await response.text()).toMatch(/^<html>/);
    expect(await client.readRunNames({ first: 10 })).toEqual([[]]);
  });
});
