import { describe, expect, test } from "vitest";
import { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import { startWandb } from "../../support/wandb.ts";
import type { Wandb } from "../../support/wandb.ts";
import {
  type EmulatorClient,
  graphqlClient,
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

describe("a listing of runs", () => {
  test.each([
    ["+created_at", ["a", "b", "c"]],
    ["-created_at", ["c", "b", "a"]],
    ["+heartbeat_at", ["b", "c", "a"]],
    ["-heartbeat_at", ["a", "c", "b"]],
    ["created_at", ["a", "b", "c"]],
    ["+config.lr.value", ["c", "a", "b"]],
    ["-config.lr", ["b", "a", "c"]],
    ["+summary_metrics.net.acc", ["b", "c", "a"]],
  ])("is sorted by %s", async (order, names) => {
    const [a, b] = [{ config: { lr: 2 }, summary: { net: { acc: 0.5 } } }, { config: { lr: 10 } }];
    project.addRun({ name: "a", ...a });
    project.addRun({ name: "b", ...b });
    project.addRun({ name: "c", summary: { net: { acc: 0.25 } } });
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

  test("has offsets as cursors, as the service has", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    const { runs } = record(
      (
        await client.data(
          `{ ${vision} { runs(first: 2) { edges { cursor } pageInfo { endCursor } } } }`,
        )
      )["project"],
    );
    const cursors = ["arrayconnection:0", "arrayconnection:1"].map((text) => btoa(text));

    expect(runs).toEqual({
      edges: cursors.map((cursor) => ({ cursor })),
      pageInfo: { endCursor: cursors[1] },
    });
    expect((await client.runsPage({ first: 2, after: cursors[1] })).edges).toMatchObject([
      { node: { name: "a" } },
    ]);
  });

  test("rejects an invalid cursor", async () => {
    const query = `{ ${vision} { runs(after: "x") { pageInfo { hasNextPage } } } }`;

    expect((await client.statusAndBody(query))[0]).toBe(400);
  });

  test("skips runs when others leave their place between two pages", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) project.addRun({ name });
    wandb.faults.onPage = () => {
      delete wandb.faults.onPage;
      project.run("a")?.heartbeat();
      project.deleteRun("b");
    };

    expect((await client.readRunNames({ order: "+heartbeat_at", first: 2 })).flat()).toEqual([
      "a",
      "b",
      "e",
      "a",
    ]);
  });

  test("repeats runs when others begin between two pages", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    wandb.faults.onPage = () => {
      delete wandb.faults.onPage;
      project.addRun({ name: "d" });
    };

    expect(await client.readRunNames({ order: "-created_at", first: 2 })).toEqual([
      ["c", "b"],
      ["b", "a"],
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

  test("counts hidden runs with countHidden", async () => {
    for (const name of ["a", "b"]) project.addRun({ name });
    project.run("a")!.hidden = true;
    wandb.faults.countHidden = true;

    expect(
      await client.data(`{ ${vision} { runCount(filters: "{}") totalRuns runs { totalCount } } }`),
    ).toEqual({ project: { runCount: 2, totalRuns: 2, runs: { totalCount: 2 } } });
    expect(await client.readRunNames({})).toEqual([["b"]]);
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

  test("has empty pages only above a number of runs with emptyPages.above", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    wandb.faults.emptyPages = { above: 2 };
    const filters = JSON.stringify({ name: { $in: ["a", "b"] } });

    expect(await client.readRunNames({ first: 5 })).toEqual([[], ["c", "b", "a"]]);
    expect(await client.readRunNames({ first: 5, filters })).toEqual([["b", "a"]]);
  });

  test("has runs that are equal in another order each time with unstableTies", async () => {
    const [early, late] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
    for (let index = 0; index < 20; index += 1)
      project.addRun({ name: `r${index}`, createdAt: index === 0 ? late : early });
    wandb.faults.unstableTies = true;
    const [first, second] = [await all("+created_at"), await all("-created_at")];

    expect(first.at(-1)).toBe("r0");
    expect(second[0]).toBe("r0");
    expect(first.toSorted()).toEqual(second.toSorted());
    expect(first).not.toEqual(await all("+created_at"));
  });

  test("is in no order with orderIgnored", async () => {
    for (let index = 0; index < 20; index += 1) project.addRun({ name: `r${index}` });
    const sorted = await all("+created_at");
    wandb.faults.orderIgnored = true;
    const [first, second] = [await all("+created_at"), await all("+created_at")];

    expect(first).not.toEqual(sorted);
    expect(first).not.toEqual(second);
    expect(first.toSorted()).toEqual(sorted.toSorted());
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

/** The names of up to 50 runs. */
async function all(order: string): Promise<readonly string[]> {
  return (await client.runsPage({ order })).edges.map(({ node }) => node.name);
}
