import { describe, expect, test } from "vitest";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../../src/emulators/wandb/synthetic-history.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import type { Wandb } from "../../support/wandb.ts";
import { type EmulatorClient, path, useEmulator, vision } from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ wandb, project, client } = started);
});

const allFields =
  "id createdAt heartbeatAt updatedAt state displayName tags group notes config summaryMetrics historyLineCount eventsLineCount historyKeys history(samples: 100)";

describe("an event moves only", () => {
  const alive = "heartbeatAt updatedAt";
  const logged = "history historyKeys historyLineCount";

  test.each<[string, (run: WandbRun) => void, string]>([
    [
      "log",
      (run) => {
        run.log({ loss: 1 });
      },
      `${alive} ${logged} summaryMetrics`,
    ],
    [
      "logLate",
      (run) => {
        run.logLate({ _step: 1, loss: 1 });
      },
      `${alive} ${logged}`,
    ],
    [
      "logSystem",
      (run) => {
        run.logSystem({ cpu: 1 });
      },
      `${alive} eventsLineCount`,
    ],
    [
      "heartbeat",
      (run) => {
        run.heartbeat();
      },
      alive,
    ],
    [
      "finish",
      (run) => {
        run.finish();
      },
      `${alive} state`,
    ],
    [
      "crash",
      (run) => {
        run.crash();
      },
      "state updatedAt",
    ],
    [
      "edit",
      (run) => {
        run.edit({ group: "g", notes: "n" });
      },
      "group notes updatedAt",
    ],
    [
      "edit of the config",
      (run) => {
        run.edit({ config: { lr: 1 } });
      },
      "config updatedAt",
    ],
    [
      "tag",
      (run) => {
        run.tag("t");
      },
      "tags updatedAt",
    ],
    [
      "rewind",
      (run) => {
        run.rewind(1);
      },
      `${alive} ${logged}`,
    ],
    [
      "rewrite",
      (run) => {
        run.rewrite(1, { loss: 9 });
      },
      "history",
    ],
    [
      "lag",
      (run) => {
        run.lag({ rows: 1 });
      },
      "history",
    ],
    [
      "lag with the last step",
      (run) => {
        run.lag({ rows: 1, hidesLastStep: true });
      },
      "history historyKeys",
    ],
  ])("on %s", async (_, change, moved) => {
    const run = begin("a");

    expect(await movedBy(run, change)).toEqual(moved.split(" ").toSorted());
  });

  test("on a rewrite after the end", async () => {
    const run = begin("a");
    run.finish();

    const moved = await movedBy(run, () => {
      run.rewrite(1, { loss: 9 });
    });

    expect(moved).toEqual(["heartbeatAt", "history", "updatedAt"]);
  });

  test("on an edit of config or summary, with contentKeepsUpdatedAt", () => {
    const workspace = new WandbWorkspace({ contentKeepsUpdatedAt: true });
    const run = workspace.addProject({ name: "vision" }).addRun();
    const instants = [run.fields.updatedAt];
    run.edit({ config: { lr: 1 }, summary: {} });
    instants.push(run.fields.updatedAt);
    run.edit({ config: { lr: 2 }, notes: "n" });
    instants.push(run.fields.updatedAt);

    expect(new Set(instants.slice(0, 2)).size).toBe(1);
    expect(new Set(instants).size).toBe(2);
  });
});

describe("a run", () => {
  test("loses a tag", () => {
    const run = project.addRun({ tags: ["a", "b"] });
    run.untag("a");
    run.tag("b");

    expect(run.fields.tags).toEqual(["b"]);
  });

  test("that was rewound logs as many rows again, and other ones", async () => {
    const run = begin("a");
    const before = await client.runFields("a", "historyLineCount historyKeys history(samples: 9)");
    run.rewind(1);
    run.log({ loss: 77 });
    const after = await client.runFields("a", "historyLineCount historyKeys history(samples: 9)");

    expect(after["historyLineCount"]).toBe(before["historyLineCount"]);
    expect(path(after, "historyKeys", "lastStep")).toBe(2);
    expect(path(after, "history", "2")).not.toBe(path(before, "history", "2"));
  });

  test("has the rows of a slow second writer behind those of the same step", async () => {
    const run = project.addRun({
      name: "a",
      history: syntheticHistory({ run: 1, steps: 3, metrics: 1 }),
    });
    run.log({ _step: 5, loss: 5 });
    run.logLate({ _step: 1, loss: 1 });
    run.logLate(new RawJson(`{"_step":4,"loss":4}`));
    const { history } = await client.runFields("a", "history(minStep: 1, maxStep: 6, samples: 9)");

    expect(Object.values(history as string[]).map(stepAndLoss)).toEqual([
      [1, undefined],
      [1, 1],
      [2, undefined],
      [4, 4],
      [5, 5],
    ]);
  });

  test("cannot be rewritten where it has no row", () => {
    expect(() => {
      begin("a").rewrite(7, {});
    }).toThrow("no row at step 7");
  });

  test("comes back as it was when it is undeleted", async () => {
    begin("a");
    const before = await client.runFields("a", allFields);
    project.deleteRun("a");
    const gone = await client.data(`{ ${vision} { runCount run(name: "a") { id } } }`);
    project.undeleteRun("a");

    expect(gone).toEqual({ project: { runCount: 0, run: null } });
    expect(await client.runFields("a", allFields)).toEqual(before);
    expect(() => project.undeleteRun("a")).toThrow("no deleted run a");
  });

  test("keeps all but its global id when it moves to another project and back", async () => {
    begin("a");
    const other = wandb.workspace.addProject({ name: "audio" });
    const before = await client.runFields("a", allFields);
    project.moveRun("a", other);
    const moved = await client.data(
      `{ ${vision} { runCount } other: project(name: "audio") { run(name: "a") { ${allFields} } } }`,
    );
    other.moveRun("a", project);

    expect(moved).toEqual({
      project: { runCount: 0 },
      other: { run: { ...before, id: btoa("Run:v1:a:audio:acme") } },
    });
    expect(await client.runFields("a", allFields)).toEqual(before);
  });

  test("cannot move to a project that has its id", () => {
    const other = wandb.workspace.addProject({ name: "audio" });
    for (const target of [project, other]) target.addRun({ name: "a" });

    expect(() => project.moveRun("a", other)).toThrow("there is a run a");
    expect(project.run("a")).toBeDefined();
  });

  test("that is moved is sorted anew where it is when it changes", () => {
    const other = wandb.workspace.addProject({ name: "audio" });
    const [a] = [begin("a"), other.addRun({ name: "b" })];
    project.moveRun("a", other);
    const order = { by: "heartbeatAt", descending: false } as const;
    const before = other.sortedRuns(order).map(({ name }) => name);
    a.heartbeat();

    expect(before).toEqual(["a", "b"]);
    expect(other.sortedRuns(order).map(({ name }) => name)).toEqual(["b", "a"]);
  });

  test("that is uploaded late has the dates of then, and updatedAt of today", async () => {
    project.addRun();
    wandb.workspace.clock.set("2026-05-01T00:00:00Z");
    const rows = [{ loss: 2 }, { loss: 1 }];
    project.uploadRun({ name: "a", createdAt: "2025-01-01T00:00:00Z", rows });

    expect(await client.runFields("a", allFields)).toMatchObject({
      state: "finished",
      createdAt: "2025-01-01T00:00:00Z",
      heartbeatAt: "2025-01-01T00:00:02Z",
      updatedAt: "2026-05-01T00:00:01Z",
      historyLineCount: 2,
      summaryMetrics: `{"loss":1}`,
      history: [
        `{"_step":0,"_timestamp":1735689600,"_runtime":0,"loss":2}`,
        `{"_step":1,"_timestamp":1735689601,"_runtime":1,"loss":1}`,
      ],
    });
    expect((await client.runsPage({ order: "+created_at", first: 1 })).edges).toMatchObject([
      { node: { name: "a" } },
    ]);
  });
});

/** A run with three rows, whose clock has moved on since. */
function begin(name: string): WandbRun {
  const run = project.addRun({ name });
  for (const loss of [3, 2, 1]) run.log({ loss });
  return run;
}

/** The names of the fields that differ after a change, in alphabetical order. */
async function movedBy(run: WandbRun, change: (run: WandbRun) => void): Promise<string[]> {
  const before = await client.runFields(run.name, allFields);
  change(run);
  const after = await client.runFields(run.name, allFields);
  const isMoved = (field: string): boolean =>
    JSON.stringify(before[field]) !== JSON.stringify(after[field]);
  return Object.keys(before).filter(isMoved).toSorted();
}

function stepAndLoss(line: string): unknown[] {
  const row: unknown = JSON.parse(line);
  return [path(row, "_step"), path(row, "loss")];
}
