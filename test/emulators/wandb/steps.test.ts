import { beforeEach, describe, expect, test } from "vitest";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../../src/emulators/wandb/synthetic-history.ts";
import type { Wandb } from "../../support/wandb.ts";
import { type EmulatorClient, path, useEmulator, vision } from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ wandb, project, client } = started);
});

describe("steps above 2^53", () => {
  /** The first step that a number cannot hold. */
  const first = 2n ** 53n + 1n;
  const last = 2n ** 63n - 1n;

  let run: WandbRun;
  beforeEach(() => {
    run = project.addRun({ name: "a" });
    for (const _step of [7, first, first + 1n]) run.log({ _step, loss: 1 });
    run.log(new RawJson(`{"_step":${last}}`));
  });

  test("are exact in the rows and in lastStep, and bare", async () => {
    const query = `{ ${vision} { run(name: "a") { historyKeys history(samples: 9) } } }`;
    const text = await (await client.post(query)).text();

    expect(text).toMatch(new RegExp(`"lastStep":${last}[,}]`));
    expect([...text.matchAll(/_step\\":(\d+)/g)].map(([, step]) => step)).toEqual(
      [7, first, first + 1n, last].map(String),
    );
  });

  test.each([
    ["numbers", (step: bigint) => String(step)],
    ["text", (step: bigint) => `"${step}"`],
  ])("select exactly as %s, as variables or in the query", async (_, spell) => {
    const selection = "history(minStep: $from, maxStep: $to, samples: 9)";
    const [from, to] = [spell(first), spell(first + 1n)];
    const query = `query($from: Int64, $to: Int64) { ${vision} { run(name: "a") { ${selection} } } }`;
    const variables = `{"from":${from},"to":${to}}`;
    const literal = `{ ${vision} { run(name: "a") { ${selection.replace("$from", from).replace("$to", to)} } } }`;
    const bodies = [
      `{"query":${JSON.stringify(query)},"variables":${variables}}`,
      JSON.stringify({ query: literal }),
    ];

    for (const body of bodies) {
      const response = await client.postText(body);
      const history = path(await response.json(), "data", "project", "run", "history");
      expect(history).toEqual([expect.stringContaining(`"_step":${first},`)]);
    }
  });

  test("are exact in sampledHistory and parquetHistory", async () => {
    const spec = `{"keys":["_step"],"minStep":${first},"maxStep":${first + 1n},"samples":9}`;
    const query = `query($s: JSONString!) { ${vision} { run(name: "a") {
      sampledHistory(specs: [$s]) parquetHistory(liveKeys: ["_step"]) { liveData } } } }`;
    const text = await (await client.post(query, { variables: { s: spec } })).text();

    expect(text).toContain(`"sampledHistory":[[{"_step":${first}},{"_step":${first + 1n}}]]`);
    expect(text).toContain(`{"_step":${last}}]`);
  });

  test("may be rewound, rewritten and logged late", () => {
    run.rewind(first);
    run.logLate({ _step: first, loss: 2 });
    run.rewrite(first, new RawJson("{}"));
    run.log({ loss: 3 });

    expect([run.history.lineCount, run.history.lastStep]).toEqual([4, first + 1n]);
    expect([...run.history.lines(first, first + 1n)]).toEqual([
      "{}",
      expect.stringContaining(`"loss":2`),
    ]);
  });

  test("end with the last one of 64 bits", () => {
    expect(() => {
      project.addRun().log({ _step: last + 1n });
    }).toThrow("64 bits");
  });
});

test("a history may begin at a step such as 1.7e12", async () => {
  const options = { run: 1, steps: 3, metrics: 1, firstStep: 1_700_000_000_000 };
  project.addRun({ name: "a", history: syntheticHistory(options) });
  const fields = await client.runFields(
    "a",
    "historyLineCount historyKeys none: history(minStep: 0, maxStep: 1000, samples: 9) history(minStep: 1700000000001, samples: 9)",
  );

  expect(fields).toMatchObject({
    historyLineCount: 3,
    historyKeys: { lastStep: 1_700_000_000_002 },
    none: [],
  });
  expect(path(fields, "history")).toHaveLength(2);
});

describe("a history that lags behind its count", () => {
  const selection = "historyLineCount historyKeys history(minStep: 0, samples: 2000)";
  const shown = async (): Promise<unknown[]> => {
    const fields = await client.runFields("a", selection);
    const { length } = path(fields, "history") as string[];
    return [fields["historyLineCount"], length, path(fields, "historyKeys", "lastStep")];
  };

  let run: WandbRun;
  beforeEach(() => {
    const history = syntheticHistory({ run: 1, steps: 1000, metrics: 1 });
    run = project.addRun({ name: "a", history });
  });

  test("shows its last rows when it is released", async () => {
    run.lag({ rows: 100 });
    expect(await shown()).toEqual([1000, 900, 999]);

    run.history.catchUp();
    expect(await shown()).toEqual([1000, 1000, 999]);
  });

  test("shows them from a moment on, and may hide the last step as well", async () => {
    run.lag({ rows: 100, hidesLastStep: true, until: "2026-01-02T00:00:00Z" });
    expect(await shown()).toEqual([1000, 900, 899]);

    wandb.workspace.clock.set("2026-01-02T00:00:00Z");
    expect(await shown()).toEqual([1000, 1000, 999]);
  });

  test("shows nothing, if all rows are missing", async () => {
    run.lag({ rows: 1000, hidesLastStep: true });
    const { history, historyKeys } = await client.runFields("a", selection);

    expect([history, historyKeys]).toEqual([[], { keys: {}, sets: [] }]);
  });
});
