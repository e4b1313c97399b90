import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import type { Row } from "../../src/core/schema.ts";
import { openDestination } from "../../src/destination/open.ts";
import { metricColumns, runColumns } from "../../src/sources/wandb/project/tables.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { logLines, newFolder, run, type EndedProgram } from "../support/program.ts";

const wandb = { api_key: "wandb-key-5d1c", entity: "acme", project: "vision" };

function metricRows(
  run_id: string,
  metric_name: string,
  values: readonly (number | null)[],
): Row[] {
  return values.map((metric_value, step) => ({ run_id, step, metric_name, metric_value }));
}

/** A value every minute. */
function timedRows(run_id: string, metric_name: string, values: readonly number[]): Row[] {
  return metricRows(run_id, metric_name, values).map((row, index) => ({
    ...row,
    timestamp: new Date(Date.UTC(2025, 0, 1, 0, index)).toISOString(),
  }));
}

const falling = Array.from({ length: 500 }, (_, step) => 2 * Math.exp(-step / 100));
const rising = Array.from({ length: 500 }, (_, step) => 1 - Math.exp(-step / 100));

/** Fills the tables as a sync does. */
async function fill({ url }: TestDatabase): Promise<void> {
  const log = newLog(() => undefined, "severe");
  await using destination = await openDestination(url, { log });
  await using session = await destination.lock({ name: "wandb", identity: "test" });
  await session.prepare([
    { name: "runs", columns: runColumns, primaryKey: ["run_id"] },
    { name: "metrics", columns: metricColumns, primaryKey: ["run_id", "step", "metric_name"] },
  ]);
  const runs = [
    { run_id: "3fk2a9xc", name: "wise-owl-1", config_json: '{"lr":0.1}' },
    { run_id: "8d0qwe12", name: null },
    { run_id: "aaaa1111", name: "twin", config_json: '{"lr":0.1}' },
    { run_id: "aaaa2222", name: "twin", config_json: '{"lr":0.01}' },
    { run_id: "gone0000", name: "gone" },
  ];
  const metrics = [
    ...metricRows("3fk2a9xc", "loss", falling),
    ...metricRows("3fk2a9xc", "val/acc", rising),
    ...metricRows("3fk2a9xc", "a,b", [1, 2, 3]),
    ...metricRows("3fk2a9xc", "text", [null, null]),
    ...metricRows("3fk2a9xc", "odd", [1, NaN, null, 4]),
    ...metricRows("3fk2a9xc", "once", [7]),
    ...metricRows("8d0qwe12", "loss", falling),
    ...metricRows("aaaa1111", "acc", [0.5, 0.9, 0.7]),
    ...metricRows("aaaa2222", "acc", [0.6, 0.8, 0.8]),
    ...timedRows("aaaa2222", "timed", [1, 2, 3]),
    ...metricRows("8d0qwe12", "quote's", falling),
  ];
  await session.write([
    { stream: "runs", rows: runs },
    { stream: "runs", rows: [], deletes: [["gone0000"]] },
    { stream: "metrics", rows: metrics },
  ]);
}

/** Errors of flags come before the log. */
function severe(ended: EndedProgram): string {
  if (!ended.stderr.startsWith("{")) return ended.stderr;
  return logLines(ended)
    .map(({ message }) => String(message))
    .join("\n");
}

const braille = /[\u2801-\u28ff]/;

describe.each(databases)("plot on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await newDatabase();
    await fill(database);
  });
  afterAll(async () => {
    await database.drop();
  });

  async function plot(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    await using folder = await newFolder({
      "configuration.json": { destination: database.url, wandb },
    });
    const ended = await run("wandb-sync", ["plot", ...args], { cwd: folder.path, env });
    const picture = await readFile(join(folder.path, "curve.svg"), "utf8").catch(() => undefined);
    return { ...ended, picture, lines: ended.stdout.trimEnd().split("\n") };
  }

  test("draws a curve with axes and a legend, at most 80 columns wide without a terminal", async () => {
    const { status, stdout, lines } = await plot(["3fk2a9xc", "loss"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(braille);
    expect(stdout).toContain("└───");
    expect(lines.at(-1)).toBe("━━ wise-owl-1 (3fk2a9xc) loss");
    expect(lines.at(-3)).toMatch(/^ +0 .*499$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("draws falling values from the top to the bottom", async () => {
    const { lines } = await plot(["3fk2a9xc", "loss"]);
    const dotted = lines.flatMap((line, row) => (braille.test(line) ? [{ row, line }] : []));
    const [first, last] = [dotted[0], dotted.at(-1)];
    expect(first?.line.search(braille)).toBeLessThan(last?.line.search(braille) ?? 0);
  });

  test("draws several metrics of several runs, distinguished by colors, or by marks without them", async () => {
    const names = ["3fk2a9xc,8d0qwe12", "loss"];
    const plain = await plot(names, { NO_COLOR: "1" });
    expect(plain.lines.slice(-2)).toEqual(["•• wise-owl-1 (3fk2a9xc) loss", "×× 8d0qwe12 loss"]);
    expect(plain.stdout).not.toMatch(braille);
    const colored = await plot(["3fk2a9xc", "loss,val/acc"], { FORCE_COLOR: "1" });
    expect(colored.stdout).toMatch(/\[\d+m━━/);
    expect(colored.stdout).toMatch(braille);
  });

  test("also writes an SVG file", async () => {
    const { status, picture } = await plot(["3fk2a9xc", "loss,val/acc", "--svg", "curve.svg"]);
    expect(status).toBe(0);
    expect(picture).toMatch(/^<svg [^]*wise-owl-1 \(3fk2a9xc\) val\/acc[^]*<\/svg>$/);
    expect(picture?.match(/<path/g)?.length).toBeGreaterThan(2);
  });

  test("accepts names with commas and quotes", async () => {
    expect(await plot(["3fk2a9xc", "a,b"])).toMatchObject({ status: 0 });
    expect(await plot(["8d0qwe12", "quote's"])).toMatchObject({ status: 0 });
  });

  test("draws only the values that are numbers, even a single one", async () => {
    expect(await plot(["3fk2a9xc", "odd"])).toMatchObject({ status: 0 });
    expect((await plot(["3fk2a9xc", "once"])).stdout).toMatch(braille);
  });

  test("finds runs by name, by its beginning and by a pattern, and metrics by a pattern", async () => {
    const { status, lines } = await plot(["wise,8d*", "lo*,val/*"]);
    expect(status).toBe(0);
    expect(lines.slice(-3)).toEqual([
      "•• wise-owl-1 (3fk2a9xc) loss",
      "×× 8d0qwe12 loss",
      "++ wise-owl-1 (3fk2a9xc) val/acc",
    ]);
  });

  test("draws the best runs by a metric, which says whether more is better", async () => {
    const highest = await plot(["--best", "1", "--by", "acc"]);
    expect(highest.lines[0]).toBe("acc by step, best by highest acc");
    expect(highest.lines.at(-1)).toBe("━━ twin (aaaa1111) acc");
    const lowest = await plot(["*", "acc", "--best", "1", "--by", "acc:min", "--smooth"]);
    expect(lowest.lines[0]).toBe("acc by step, best by lowest acc, smoothed 0.6");
    expect(lowest.lines.at(-1)).toBe("━━ twin (aaaa1111) acc");
  });

  test("draws the mean of the runs with the same configuration", async () => {
    const { lines } = await plot(["*", "acc", "--group", "config.lr"]);
    expect(lines.slice(-2)).toEqual(["•• 0.01 acc (1 run)", "×× 0.1 acc (1 run)"]);
  });

  test("draws values over time, and on a logarithmic axis", async () => {
    const { status, lines } = await plot(["aaaa2222", "timed", "--x", "time", "--log-y"]);
    expect(status).toBe(0);
    expect(lines[0]).toBe("timed by time, log axis");
    expect(lines.at(-2)).toMatch(/^ +minutes since the start$/);
  });

  test("without a metric, lists runs and metrics", async () => {
    const { status, lines } = await plot([]);
    expect(status).toBe(0);
    expect(lines[0]).toMatch(/^run +name +state +created$/);
    expect(lines).toContain("3fk2a9xc  wise-owl-1");
    expect(lines.at(-1)).toBe("a,b, acc, loss, odd, once, quote's, text, timed, val/acc");
    const one = await plot(["8d0qwe12"]);
    expect(one.lines.at(-1)).toBe("loss, quote's");
  });

  test.each([
    [
      "a run that does not exist",
      ["3fk2a9xd", "loss"],
      /unknown run: "3fk2a9xd"; did you mean "3fk2a9xc"/,
    ],
    ["a run that was deleted", ["gone0000", "loss"], /unknown run: "gone0000"/],
    [
      "a metric that the run lacks",
      ["8d0qwe12", "los"],
      /unknown metric of run "8d0qwe12": "los"; did you mean "loss"/,
    ],
    [
      "a metric that is text",
      ["3fk2a9xc", "text"],
      /"text" of run "3fk2a9xc": has no numbers to plot/,
    ],
    [
      "a name that fits several runs, which it lists",
      ["twin", "loss"],
      /run "twin": fits 2 runs: twin \(aaaa1111\), twin \(aaaa2222\); name one by its id/,
    ],
    ["--by alone", ["3fk2a9xc", "loss", "--by", "loss"], /--by: .*add --best 5/],
    [
      "a key of no run's configuration",
      ["*", "loss", "--group", "config.lrr"],
      /--group config\.lrr: unknown; did you mean "config\.lr"/,
    ],
    ["a weight of 1", ["3fk2a9xc", "loss", "--smooth", "1"], /--smooth: expected a number from 0/],
    [
      "a file that cannot be written",
      ["3fk2a9xc", "loss", "--svg", "no/where.svg"],
      /--svg no\/where\.svg: cannot be written/,
    ],
  ])("rejects %s", async (_what, args, message) => {
    const ended = await plot(args);
    expect(severe(ended)).toMatch(message);
    expect(ended.status).toBe(2);
  });
});

test.each(databases)("reports that nothing was synced yet, on %s", async (_name, newDatabase) => {
  const database = await newDatabase();
  await using folder = await newFolder({
    "configuration.json": { destination: database.url, wandb },
  });
  const ended = await run("wandb-sync", ["plot", "a", "b"], { cwd: folder.path });
  expect(severe(ended)).toMatch(/has no runs and metrics yet; sync first/);
  expect(ended.status).toBe(2);
  await database.drop();
});

test("is a command of sources with runs only", async () => {
  const { status, stderr } = await run("opik-sync", ["plot", "a", "b"]);
  expect(status).toBe(2);
  expect(stderr).toContain("plot");
});
