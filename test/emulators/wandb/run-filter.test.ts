import { beforeEach, describe, expect, test } from "vitest";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { Wandb } from "../../support/wandb.ts";
import { type EmulatorClient, useEmulator, vision } from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ wandb, project, client } = started);
});

describe("filters", () => {
  beforeEach(() => {
    project.addRun({
      name: "a",
      displayName: "alpha",
      state: "finished",
      tags: ["x"],
      group: "g",
      config: { lr: 0.1, net: { depth: 3 } },
      summary: { acc: 0.9 },
      createdAt: "2026-01-01T00:00:00Z",
    });
    project.addRun({
      name: "b",
      displayName: "beta",
      state: "running",
      tags: ["x", "y"],
      jobType: "eval",
      config: { lr: 0.2 },
      summary: { acc: NaN },
      createdAt: "2026-01-02T00:00:00.5Z",
    });
    project.addRun({
      name: "c",
      displayName: "gamma",
      state: "failed",
      heartbeatAt: null,
      createdAt: "2026-01-03T00:00:00Z",
    });
  });

  test.each([
    [{}, "abc"],
    [{ state: "finished" }, "a"],
    [{ state: { $ne: "finished" } }, "bc"],
    [{ state: { $in: ["failed", "running"] } }, "bc"],
    [{ state: { $nin: ["failed", "running"] } }, "a"],
    [{ tags: "x" }, "ab"],
    [{ tags: { $in: ["y", "z"] } }, "b"],
    [{ tags: { $nin: ["y"] } }, "ac"],
    [{ name: "b" }, "b"],
    [{ id: "b" }, ""],
    [{ displayName: { $regex: "^.?a" } }, "ac"],
    [{ jobType: { $exists: true } }, "b"],
    [{ group: null }, "bc"],
    [{ "config.lr": { $gt: 0.1 } }, "b"],
    [{ "config.lr.value": { $gte: 0.1, $lt: 0.2 } }, "a"],
    [{ "config.net.depth": 3 }, "a"],
    [{ "config.lr": { $exists: false } }, "c"],
    [{ "summary_metrics.acc": { $lte: 0.9 } }, "a"],
    [{ createdAt: { $gte: "2026-01-02T00:00:00Z" } }, "bc"],
    [{ createdAt: { $gt: "2026-01-02T00:00:00Z", $lte: "2026-01-02T00:00:00.5Z" } }, "b"],
    [{ heartbeatAt: { $lt: "2030-01-01T00:00:00Z" } }, "ab"],
    [{ $or: [{ name: "a" }, { name: "c" }] }, "ac"],
    [{ $nor: [{ name: "a" }, { name: "c" }] }, "b"],
    [{ display_name: "beta" }, "b"],
    [{ $not: { state: "finished" } }, "bc"],
    [{ tags: { $not: { $in: ["y"] } } }, "ac"],
    [{ displayName: { $not: { $regex: "^a" } } }, "bc"],
    [{ duration: { $lte: 0 } }, "ab"],
    [{ $and: [{ tags: "x" }, { state: "running" }] }, "b"],
  ])("%j matches the runs %s", async (filters, names) => {
    const text = JSON.stringify(filters);
    const { project: counted } = await client.data(
      `query($f: JSONString) { ${vision} { runCount(filters: $f) } }`,
      { f: text },
    );

    expect(
      (await client.readRunNames({ filters: text, order: "+created_at", first: 1 }))
        .flat()
        .join(""),
    ).toBe(names);
    expect(counted).toEqual({ runCount: names.length });
  });

  test.each(["2026-01-01T00:00:00", "2026-01-01", "2026-01-01T00:00:00+00:00"])(
    "match nothing for the timestamp %s, which has no Z",
    async (instant) => {
      const filters = JSON.stringify({ heartbeatAt: { $gte: instant } });

      expect(await client.readRunNames({ filters })).toEqual([[]]);
    },
  );

  test("answer 500 for a number as a timestamp, 400 for an unknown operator or invalid JSON", async () => {
    const status = async (filters: string) =>
      (
        await client.statusAndBody(
          `query($f: JSONString) { ${vision} { runs(filters: $f) { totalCount edges { cursor } } } }`,
          { variables: { f: filters } },
        )
      )[0];

    expect(await status(`{"heartbeatAt":{"$gte":1767225600.5}}`)).toBe(500);
    expect(await status(`{"name":{"$near":1}}`)).toBe(400);
    expect(await status(`{"name":`)).toBe(400);
  });

  describe("with faults", () => {
    const filters = JSON.stringify({ createdAt: { $gte: "2026-01-02T00:00:00Z" } });
    const select = async (text: string): Promise<unknown> =>
      client.data(
        `query($f: JSONString) { ${vision} { runCount(filters: $f) runs(filters: $f, order: "+created_at") { edges { node { name } } } } }`,
        { f: text },
      );
    const answer = (runCount: number, names: string): unknown => ({
      project: { runCount, runs: { edges: Array.from(names).map((name) => ({ node: { name } })) } },
    });

    test("filtersIgnored lists or counts all runs", async () => {
      wandb.faults.filtersIgnored = { runs: true };
      expect(await select(filters)).toEqual(answer(2, "abc"));

      wandb.faults.filtersIgnored = { runCount: true };
      expect(await select(filters)).toEqual(answer(3, "bc"));
    });

    test("deadFilters match nothing, at any depth", async () => {
      wandb.faults.deadFilters = ["createdAt"];

      expect(await select(filters)).toEqual(answer(0, ""));
      expect(await select(`{"$or":[${filters},{"name":"a"}]}`)).toEqual(answer(1, "a"));
      expect(await select("{}")).toEqual(answer(3, "abc"));
    });
  });
});
