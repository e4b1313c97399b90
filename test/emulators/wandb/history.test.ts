import { describe, expect, test } from "vitest";
import { z } from "zod";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { syntheticHistory } from "../../../src/emulators/wandb/synthetic-history.ts";
import type { Wandb } from "../../support/wandb.ts";
import {
  anyText,
  type EmulatorClient,
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

describe("a history", () => {
  test("is a page of the rows from minStep (inclusive) to maxStep (exclusive)", async () => {
    const run = project.addRun({ name: "a" });
    for (const _step of [3, 4, 10, 500]) run.log({ _step, loss: _step });

    expect(await steps("minStep: 0, maxStep: 10, samples: 1000")).toEqual([3, 4]);
    expect(await steps("minStep: 10, maxStep: 500, samples: 1000")).toEqual([10]);
    expect(await steps("minStep: 11, maxStep: 500, samples: 1000")).toEqual([]);
    expect(await steps("minStep: 500, samples: 1000")).toEqual([500]);
  });

  test("is a random sample without steps, a different one each time", async () => {
    project.addRun({ name: "a", history: syntheticHistory({ run: 1, steps: 1000, metrics: 1 }) });

    const [first, second] = [await steps("samples: 100"), await steps("samples: 100")];

    expect([first.length, second.length]).toEqual([100, 100]);
    expect(first).toEqual(first.toSorted((a, b) => a - b));
    expect(first).not.toEqual(second);
    expect(await steps("samples: 1000")).toHaveLength(1000);
  });

  test("is also a sample if a page has more rows than `samples`, unless overfullPage is `first`", async () => {
    project.addRun({ name: "a", history: syntheticHistory({ run: 1, steps: 1000, metrics: 1 }) });
    const sampled = await steps("minStep: 0, maxStep: 1000, samples: 10");
    wandb.faults.overfullPage = "first";

    expect(sampled).toHaveLength(10);
    expect(sampled.at(-1)).toBeGreaterThan(100);
    expect(await steps("minStep: 5, maxStep: 1000, samples: 3")).toEqual([5, 6, 7]);
    expect(await steps("samples: 3")).not.toEqual([0, 1, 2]);
  });

  test("writes every value as it was logged", async () => {
    const run = project.addRun({ name: "a" });
    const media = { _type: "image-file", path: "media/x.png", size: 1 };
    run.log({
      nan: NaN,
      inf: -Infinity,
      big: 2n ** 60n,
      s: "NaN",
      b: true,
      none: null,
      list: [1, NaN],
      media,
      a: { b: 1 },
      "a.b": 2,
      raw: new RawJson("1e400"),
      _timestamp: 1.5,
      _runtime: 0.5,
    });
    const exact = String.raw`{ "_step": 7, "x": 1.0, "x": 12345678901234567890, "é": "\u0000" }`;
    run.log(new RawJson(exact));

    expect(await history("minStep: 0, maxStep: 10, samples: 10")).toEqual([
      `{"_step":0,"_timestamp":1.5,"_runtime":0.5,"nan":NaN,"inf":-Infinity,"big":1152921504606846976,"s":"NaN","b":true,"none":null,"list":[1,NaN],"media":{"_type":"image-file","path":"media/x.png","size":1},"a":{"b":1},"a.b":2,"raw":1e400}`,
      exact,
    ]);
  });

  test("has `_timestamp` in seconds since 1970 and `_runtime` in seconds since the start", async () => {
    const run = project.addRun({ name: "a", createdAt: "2026-01-01T00:00:00Z" });
    wandb.workspace.clock.advance(60_000);
    run.log({ loss: 1 });

    const row = record(JSON.parse((await history("samples: 1"))[0] ?? ""));

    expect(row["_timestamp"]).toBeGreaterThan(Date.UTC(2026, 0, 1) / 1000 + 60);
    expect(row["_runtime"]).toBeGreaterThan(60);
    expect(row["_runtime"]).toBeLessThan(70);
  });

  test("adds the last row to the summary", async () => {
    const run = project.addRun({ name: "a", summary: { best: 1, loss: 9 } });
    run.log({ loss: 0.5 });

    const { summaryMetrics } = await client.runFields("a", "summaryMetrics");

    expect(JSON.parse(String(summaryMetrics))).toMatchObject({ best: 1, loss: 0.5, _step: 0 });
  });

  test("loses the rows after the step that its run is rewound to, and continues there", async () => {
    const run = project.addRun({ name: "a" });
    for (const _step of [0, 2, 4, 6]) run.log({ _step });
    run.finish();
    run.rewind(4);
    const lastStep = path(await client.runFields("a", "historyKeys"), "historyKeys", "lastStep");
    run.log({ loss: 1 });

    expect(lastStep).toBe(4);
    expect(await steps("samples: 10")).toEqual([0, 2, 4, 5]);
    expect(await client.runFields("a", "state historyLineCount")).toEqual({
      state: "running",
      historyLineCount: 4,
    });
  });

  test("rejects a step that is not after the last one", () => {
    const run = project.addRun();
    run.log({ _step: 5 });

    expect(() => {
      run.log({ _step: 5 });
    }).toThrow("step 5 is not after step 5");
    expect(() => {
      run.log(new RawJson("{}"));
    }).toThrow("a row needs a `_step`");
  });

  test("may be generated, continued and rewound", async () => {
    const line = (step: number) => (step % 2 === 0 ? `{"_step":${step},"loss":1}` : undefined);
    const run = project.addRun({ name: "a", history: { lastStep: 8, keys: ["loss"], line } });
    run.log({ loss: 2 });
    const before = await steps("minStep: 3, maxStep: 100, samples: 100");
    run.rewind(5);

    expect(before).toEqual([4, 6, 8, 9]);
    expect(await steps("samples: 100")).toEqual([0, 2, 4]);
    expect(await client.runFields("a", "historyKeys")).toMatchObject({
      historyKeys: { lastStep: 4, keys: { loss: {} } },
    });
  });

  test("differs between runs and between steps if it is synthetic", () => {
    const [one, two] = [1, 2].map((run) => syntheticHistory({ run, steps: 3, metrics: 2 }));
    const lines = [one, two].flatMap((history) =>
      [0, 1, 2].map((step) => history?.line(step) ?? ""),
    );

    const values = lines.map((line) => record(JSON.parse(line))["metric_1"]);

    expect(new Set(values).size).toBe(6);
    expect(record(JSON.parse(lines[2] ?? ""))["_step"]).toBe(2);
    expect(one?.keys).toEqual(["metric_0", "metric_1", "_step", "_timestamp", "_runtime"]);
  });

  test("fails for the run in brokenHistory, with an error in a 200 or with a status", async () => {
    for (const name of ["a", "b"]) project.addRun({ name }).log({ loss: 1 });
    const query = `{ ${vision} { a: run(name: "a") { name history(samples: 1) } b: run(name: "b") { name history(samples: 1) } } }`;
    wandb.faults.brokenHistory = { run: "a" };
    const inside = await client.statusAndBody(query);
    wandb.faults.brokenHistory = { run: "a", status: 503 };

    expect(inside).toMatchObject([
      200,
      {
        errors: [{ message: "failed to read the history of a", path: ["project", "a", "history"] }],
        data: {
          project: { a: { name: "a", history: null }, b: { history: [anyText] } },
        },
      },
    ]);
    expect((await client.statusAndBody(query))[0]).toBe(503);
  });

  test("fails in HTML with 502, or not at all, for the run in brokenHistory", async () => {
    project.addRun({ name: "a" }).log({ loss: 1 });
    const query = `{ ${vision} { run(name: "a") { history(samples: 1) } } }`;
    wandb.faults.brokenHistory = { run: "a", status: 502 };
    const response = await client.post(query);
    wandb.faults.brokenHistory = { run: "a", status: "silent" };
    const silent = await Promise.race([
      client.post(query).catch(() => "closed"),
      new Promise((resolve) => setTimeout(resolve, 200, "silent")),
    ]);

    expect([response.status, await response.text()]).toEqual([
      502,
      expect.stringMatching(/^<html/),
    ]);
    expect(silent).toBe("silent");
  });

  test("fails with 502 for more rows than tooLarge", async () => {
    project.addRun({ name: "a" });
    wandb.faults.tooLarge = { rows: 500 };

    expect(
      (
        await client.post(
          `{ ${vision} { run(name: "a") { history(minStep: 0, maxStep: 501, samples: 501) } } }`,
        )
      ).status,
    ).toBe(502);
    expect(await steps("minStep: 0, maxStep: 500, samples: 500")).toEqual([]);
  });
});

test("sampledHistory has only the rows with all keys, up to maxStep (inclusive), with NaN as text", async () => {
  const run = project.addRun({ name: "a" });
  run.log({ loss: 1 });
  run.log({ loss: NaN, val: { acc: 0.5 } });
  run.log({ loss: Infinity, val: { acc: 0.6 } });
  run.log({ loss: 4, val: { acc: 0.7 } });
  const spec = JSON.stringify({
    keys: ["_step", "loss", "val.acc"],
    minStep: 0,
    maxStep: 2,
    samples: 100,
  });

  const { project: found } = await client.data(
    `query($s: JSONString!) { ${vision} { run(name: "a") { sampledHistory(specs: [$s]) } } }`,
    { s: spec },
  );

  expect(path(found, "run", "sampledHistory")).toEqual([
    [
      { _step: 1, loss: "NaN", "val.acc": 0.5 },
      { _step: 2, loss: "Infinity", "val.acc": 0.6 },
    ],
  ]);
});

test("events are a sample of the system metrics, and systemMetrics is their last row", async () => {
  const run = project.addRun({ name: "a" });
  for (const cpu of [1, 2, 3]) run.logSystem({ "system.cpu": cpu });

  const { events, systemMetrics, eventsLineCount } = await client.runFields(
    "a",
    "events(samples: 2) systemMetrics eventsLineCount",
  );

  expect([z.array(z.string()).parse(events).length, eventsLineCount]).toEqual([2, 3]);
  expect(JSON.parse(String(systemMetrics))).toMatchObject({ "system.cpu": 3, _wandb: true });
});

/** The rows of run `a` for these arguments. */
async function history(args: string): Promise<readonly string[]> {
  const { history: lines } = await client.runFields("a", `history(${args})`);
  return z.array(z.string()).parse(lines);
}

async function steps(args: string): Promise<readonly number[]> {
  return (await history(args)).map((line) => z.number().parse(path(JSON.parse(line), "_step")));
}
