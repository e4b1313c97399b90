import { describe, expect, test } from "vitest";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { parseJson } from "../../../src/emulators/wandb/json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { NewRun, WandbRun } from "../../../src/emulators/wandb/run.ts";
import { type EmulatorClient, useEmulator, vision } from "./graphql-client.ts";

let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ project, client } = started);
});

describe("runs", () => {
  test("have all their fields", async () => {
    const fields: NewRun = {
      name: "abcd1234",
      displayName: "brave-sun-1",
      state: "finished",
      notes: "n",
      description: "d",
      tags: ["x", "y"],
      group: "g",
      jobType: "train",
      sweepName: "s",
      host: "h",
      commit: "c0ffee",
      createdAt: "2026-02-01T00:00:00Z",
      heartbeatAt: "2026-02-01T00:10:00Z",
      updatedAt: "2026-02-03T00:00:00Z",
    };
    const added = project.addRun({ ...fields, user: "grace" });
    const names = Object.keys(fields).join(" ");

    expect(
      await client.runFields(
        "abcd1234",
        `${names} id projectId readOnly user { username } project { name }`,
      ),
    ).toEqual({
      ...fields,
      id: added.id,
      projectId: "1",
      readOnly: false,
      user: { username: "grace" },
      project: { name: "vision" },
    });
  });

  test("wrap their configuration as JSON text, with `_wandb`, NaN as null and infinities bare", async () => {
    project.addRun({ name: "a", config: { lr: 0.1, nan: NaN, deep: { x: [1, Infinity] } } });

    const { config } = await client.runFields("a", "config");

    const sdk: unknown = expect.objectContaining({ cli_version: "0.25.0" });
    expect(parseJson(String(config))).toEqual({
      lr: { value: 0.1, desc: null },
      nan: { value: null, desc: null },
      deep: { value: { x: [1, "Infinity"] }, desc: null },
      _wandb: { value: sdk, desc: null },
    });
  });

  test("leave NaN and the infinities bare in the summary, and do not round big integers", async () => {
    const summary = { a: NaN, b: -Infinity, big: 9007199254740993n, s: "NaN" };
    project.addRun({ name: "a", summary });

    expect(await client.runFields("a", "summaryMetrics")).toEqual({
      summaryMetrics: `{"a":NaN,"b":-Infinity,"big":9007199254740993,"s":"NaN"}`,
    });
  });

  test("send raw JSON byte for byte in configuration and summary", async () => {
    const raw = String.raw`{"x":1e400,"x":1.0,"é":"\ud800"}`;
    project.addRun({ name: "a", config: new RawJson(raw), summary: new RawJson(raw) });

    expect(await client.runFields("a", "config summaryMetrics")).toEqual({
      config: raw,
      summaryMetrics: raw,
    });
  });

  test("report the last step and the metrics by dotted name", async () => {
    const run = project.addRun({ name: "a" });
    run.log({ loss: 1, val: { acc: 0.5 } });
    run.log({ _step: 40, loss: "NaN", image: { _type: "image-file", path: "p" } });

    expect(await client.runFields("a", "historyLineCount historyKeys")).toMatchObject({
      historyLineCount: 2,
      historyKeys: {
        lastStep: 40,
        keys: {
          loss: {
            typeCounts: [
              { type: "number", count: 1 },
              { type: "string", count: 1 },
            ],
            previousValue: "NaN",
          },
          "val.acc": { typeCounts: [{ type: "number", count: 1 }] },
          image: { typeCounts: [{ type: "image-file", count: 1 }] },
          _timestamp: { typeCounts: [{ type: "number", count: 2 }] },
        },
      },
    });
  });

  test("have no last step without a row", async () => {
    project.addRun({ name: "over", state: "finished" });
    project.addRun({ name: "live" });

    expect(await client.runFields("over", "historyKeys")).toEqual({ historyKeys: null });
    expect(await client.runFields("live", "historyKeys")).toEqual({
      historyKeys: { keys: {}, sets: [] },
    });
  });

  test("move heartbeatAt when they log or end, but not when they are edited or crash", async () => {
    const run = project.addRun({ name: "a" });
    const heartbeats: unknown[] = [];
    const updates: unknown[] = [];
    const changes: ((changed: WandbRun) => void)[] = [
      (changed) => {
        changed.log({ loss: 1 });
      },
      (changed) => {
        changed.edit({ displayName: "b", tags: ["t"], notes: "n", config: {} });
      },
      (changed) => {
        changed.crash();
      },
      (changed) => {
        changed.resume();
      },
      (changed) => {
        changed.finish();
      },
    ];
    for (const change of changes) {
      change(run);
      const { heartbeatAt, updatedAt } = await client.runFields("a", "heartbeatAt updatedAt");
      heartbeats.push(heartbeatAt);
      updates.push(updatedAt);
    }

    expect(heartbeats.map((at, index) => at !== heartbeats[index - 1])).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(new Set(updates).size).toBe(5);
    expect(await client.runFields("a", "state displayName tags")).toEqual({
      state: "finished",
      displayName: "b",
      tags: ["t"],
    });
  });

  test("disappear from counts and listings when deleted", async () => {
    for (const name of ["a", "b"]) project.addRun({ name });
    project.deleteRun("a");

    expect(
      await client.data(
        `{ ${vision} { totalRuns runCount run(name: "a") { name } runs { totalCount edges { node { name } } } } }`,
      ),
    ).toEqual({
      project: {
        totalRuns: 1,
        runCount: 1,
        run: null,
        runs: { totalCount: 1, edges: [{ node: { name: "b" } }] },
      },
    });
  });
});
