import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { newFolder } from "../../support/program.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";
import { requirePython, runSdkScript } from "./wandb-sdk.ts";

let wandb: Wandb;
let database: TestDatabase;

beforeAll(async () => {
  wandb = await startWandb();
  database = await newSqlite();
  const project = wandb.workspace.addProject({ name: "vision" });
  const recipes = [
    { name: "a", displayName: "größer", config: { lr: 0.1, opt: { name: "sgd" } }, tags: ["x"] },
    { name: "b", displayName: "two words", config: { lr: 0.02, opt: { name: "adam" } } },
    { name: "c", displayName: "größer", config: { lr: 10 }, group: "g", tags: ["x", "y"] },
    { name: "d", displayName: null, config: {} },
  ];
  for (const [index, recipe] of recipes.entries()) {
    const run = project.addRun(recipe);
    for (let step = 0; step < 30; step += 1) {
      run.log({ loss: (index * 7) % 4, ...(step % 3 === 0 && { val: { acc: step / 7 } }) });
    }
    if (index !== 1) run.finish();
  }
});
afterAll(async () => {
  await wandb[Symbol.asyncDispose]();
  await database.drop();
});

async function ask(python: string, ...questions: readonly unknown[]): Promise<unknown[]> {
  await using folder = await newFolder();
  const asked = questions.map((question) => JSON.stringify(question));
  const access = { ...wandb, home: folder.path };
  const lines = await runSdkScript(python, ["ask.py", "acme/vision", ...asked], access);
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe("with the official SDK", () => {
  test("a filter finds the runs that wandb-sync copies with the same filter", async (context) => {
    const filters = [
      { display_name: "größer" },
      { tags: "x", "config.lr": { $gt: 1 } },
      { $or: [{ state: "running" }, { group: "g" }] },
      { "config.opt.name": { $regex: "^ad" } },
      { createdAt: { $gte: wandb.workspace.project("vision")!.run("c")!.fields.createdAt } },
    ];
    const found = await ask(
      requirePython(context),
      ...filters.map((filter) => ["runs", { filters: filter }]),
    );

    expect(found).toEqual([["a", "c"], ["c"], ["b", "c"], ["b"], ["c", "d"]]);
    for (const [index, filter] of filters.entries()) {
      await syncWandb({ ...wandb, destination: database.url }, { filters: filter });
      const runs = await database.query("SELECT run_id FROM runs WHERE NOT _deleted ORDER BY 1");
      expect(runs.map((row) => row["run_id"])).toEqual(found[index]);
    }
  });

  test("runs can be ordered by time, configuration and summary", async (context) => {
    const orders = ["created_at", "-created_at", "-config.lr.value", "+summary_metrics.loss"];

    expect(
      await ask(requirePython(context), ...orders.map((order) => ["runs", { order }])),
    ).toEqual([
      ["a", "b", "c", "d"],
      ["d", "c", "b", "a"],
      ["c", "a", "b", "d"],
      ["a", "d", "c", "b"],
    ]);
  });

  test("a history can be read whole, as a sample and by keys", async (context) => {
    const [all, sample, picked, scanned] = z
      .array(z.array(rowShape))
      .parse(
        await ask(
          requirePython(context),
          ["history", "a", { pandas: false, samples: 1000 }],
          ["history", "a", { pandas: false, samples: 7 }],
          ["history", "a", { pandas: false, keys: ["val.acc"] }],
          ["scan_history", "a", { keys: ["val.acc", "loss"], page_size: 4 }],
        ),
      );

    expect(all!.map((row) => row["_step"])).toEqual(Array.from({ length: 30 }, (_, step) => step));
    expect(sample).toHaveLength(7);
    const thirds = Array.from({ length: 10 }, (_, index) => (index * 3) / 7);
    expect(picked!.map((row) => row["val.acc"])).toEqual(thirds);
    expect(scanned).toEqual(
      thirds.map((acc, index) => ({ _step: index * 3, "val.acc": acc, loss: 0 })),
    );
  });
});

const rowShape = z.record(z.string(), z.unknown());
