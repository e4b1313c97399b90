import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import { graphqlClient, path, record, vision } from "./graphql-client.ts";
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

describe("a listing of runs", () => {
  test.each([
    ["+created_at", ["a", "b", "c"]],
    ["-created_at", ["c", "b", "a"]],
    ["+heartbeat_at", ["b", "c", "a"]],
    ["-heartbeat_at", ["a", "c", "b"]],
  ])("is sorted by %s", async (order, names) => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    const before = await ask.walk({ order, first: 3 });
    project.run("a")?.heartbeat();

    expect(before.flat().toSorted()).toEqual(["a", "b", "c"]);
    expect((await ask.walk({ order, first: 1 })).flat()).toEqual(names);
  });

  test("refuses an order that it does not know", async () => {
    expect(
      (
        await ask.statusAndBody(
          `{ ${vision} { runs(order: "+colour") { totalCount edges { cursor } } } }`,
        )
      )[0],
    ).toBe(400);
  });

  test("tells runs of one instant apart", async () => {
    const workspace = new WandbWorkspace({ clock: new WandbClock({ tickMs: 0 }) });
    await using same = await startWandb({ workspace });
    const runs = workspace.addProject({ name: "vision" });
    const added = Array.from({ length: 5 }, (_, index) => runs.addRun({ name: `r${index}` }));

    expect(new Set(added.map(({ fields }) => fields.heartbeatAt)).size).toBe(1);
    expect((await graphqlClient(same).walk({ order: "+heartbeat_at", first: 2 })).flat()).toEqual([
      "r0",
      "r1",
      "r2",
      "r3",
      "r4",
    ]);
  });

  test("shows a run again that moves to the end between two pages, and loses none", async () => {
    for (const name of ["a", "b", "c", "d"]) project.addRun({ name });
    wandb.faults.onPage = () => {
      delete wandb.faults.onPage;
      project.run("a")?.heartbeat();
      project.deleteRun("b");
    };

    expect((await ask.walk({ order: "+heartbeat_at", first: 2 })).flat()).toEqual([
      "a",
      "b",
      "c",
      "d",
      "a",
    ]);
  });

  test("has room for hidden runs, so that a page may be empty though more follow", async () => {
    for (let index = 0; index < 6; index += 1) project.addRun({ name: `r${index}` });
    for (const name of ["r2", "r3", "r5"]) project.run(name)!.hidden = true;

    const pages = await ask.walk({ order: "+created_at", first: 2 });

    expect(pages).toEqual([["r0", "r1"], [], ["r4"]]);
    expect(
      await ask.data(`{ ${vision} { runCount(filters: "{}") run(name: "r2") { name } } }`),
    ).toEqual({
      project: { runCount: 3, run: null },
    });
  });

  test("has an empty page before each one under emptyPages", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    wandb.faults.emptyPages = true;

    expect(await ask.walk({ order: "+created_at", first: 2 })).toEqual([[], ["a", "b"], [], ["c"]]);
  });

  test("never ends and never moves under stuckCursor", async () => {
    for (const name of ["a", "b"]) project.addRun({ name });
    wandb.faults.stuckCursor = true;
    const first = record(await ask.runsPage({ first: 1 }));
    const second = record(
      await ask.runsPage({ first: 1, after: path(first, "pageInfo", "endCursor") }),
    );

    expect(second["pageInfo"]).toEqual(first["pageInfo"]);
    expect(second["pageInfo"]).toMatchObject({ hasNextPage: true });
  });

  test("has no more runs in a page than pageSizeCap, and 50 where nobody says how many", async () => {
    for (let index = 0; index < 60; index += 1) project.addRun();
    const usual = (await ask.walk({})).map((page) => page.length);
    wandb.faults.pageSizeCap = 25;

    expect(usual).toEqual([50, 10]);
    expect((await ask.walk({ first: 1000 })).map((page) => page.length)).toEqual([25, 25, 10]);
  });

  test("takes too long for a page above tooLarge: 502 with HTML", async () => {
    wandb.faults.tooLarge = { runs: 10 };
    const answer = await ask.post(
      `{ ${vision} { runs(first: 11) { totalCount edges { cursor } } } }`,
    );

    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      502,
      "text/html; charset=UTF-8",
    ]);
    expect(await answer.text()).toMatch(/^<html>/);
    expect(await ask.walk({ first: 10 })).toEqual([[]]);
  });
});
