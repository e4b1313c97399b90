import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { newFolder } from "../support/program.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const bench = join(root, "bench/main.js");

const result = z.object({
  node: z.literal(process.version),
  short: z.literal(true),
  complete: z.boolean(),
  machine: z.object({ cores: z.number() }),
  figures: z.array(
    z.object({
      scenario: z.string(),
      ratio: z.number(),
      aims: z.array(z.object({ aim: z.string(), met: z.boolean() })).min(1),
      explanation: z.string(),
    }),
  ),
});

describe("the benchmarks", () => {
  beforeAll(async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "-p", join(root, "tsconfig.bench.json")]);
  }, 240_000);

  test("run, print a table and save their figures", { timeout: 240_000 }, async () => {
    await using folder = await newFolder();
    const args = ["--no-build", "--short", "--results", folder.path, "latency", "start"];
    const { stdout } = await run(process.execPath, [bench, ...args]);
    expect(stdout).toMatch(/^scenario +measured +floor +ratio +aims$/m);
    const { figures, complete } = await readResults(folder.path);
    expect(figures.map(({ scenario }) => scenario)).toEqual(["latency", "start"]);
    expect(complete).toBe(true);
    expect(figures[0]?.explanation).toMatch(
      /^the program used .* of CPU .*; 3\d\d requests were sent; /,
    );
  });

  test("count what an almost unchanged W&B project costs", { timeout: 240_000 }, async () => {
    await using folder = await newFolder();
    const args = ["--no-build", "--short", "--results", folder.path, "wandb-unchanged"];
    await run(process.execPath, [bench, ...args]);
    const { figures } = await readResults(folder.path);
    expect(figures.map(({ scenario }) => scenario)).toEqual([
      "wandb-unchanged, first load of 3,000 runs",
      "wandb-unchanged, nothing",
      "wandb-unchanged, a run renamed",
      "wandb-unchanged, a run uploaded late",
    ]);
    expect(figures.flatMap(({ aims }) => aims.filter(({ met }) => !met))).toEqual([]);
  });

  test(
    "save the figures so far on a signal, and leave no files",
    { timeout: 240_000 },
    async () => {
      await using results = await newFolder();
      await using temporary = await newFolder();
      const args = ["--no-build", "--short", "--results", results.path, "latency", "no-op"];
      const child = spawn(process.execPath, [bench, ...args], {
        env: { ...process.env, TMPDIR: temporary.path },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const exit = once(child, "exit");
      const stdout = text(child.stdout);
      await once(child.stderr, "data");
      child.kill();
      expect(await exit).toEqual([143, null]);
      expect(await stdout).toMatch(/^latency /m);
      const { figures, complete } = await readResults(results.path);
      expect(figures.map(({ scenario }) => scenario)).toEqual(["latency"]);
      expect(complete).toBe(false);
      expect(await readdir(temporary.path)).toEqual([]);
    },
  );
});

async function readResults(folder: string): Promise<z.output<typeof result>> {
  const [file = ""] = await readdir(folder);
  return result.parse(JSON.parse(await readFile(join(folder, file), "utf8")));
}

test("`--help` names the options and each scenario", async () => {
  const { stdout } = await run(process.execPath, [bench, "--help"]);
  const files = await readdir(join(root, "bench/scenarios"));
  const scenarios = files.map((file) => file.replace(/\.ts$/, ""));
  for (const word of [...scenarios, "--short", "--results"]) expect(stdout).toContain(word);
});

test.each([
  ["itemz", 'npm run bench: unknown scenario "itemz"; did you mean "items"? --help lists all\n'],
  ["--shorrt", 'npm run bench: unknown option "shorrt"; did you mean "short"? --help lists all\n'],
])("%s fails with one line, before anything is built", async (word, stderr) => {
  const failed = run(process.execPath, [bench, word]);
  await expect(failed).rejects.toMatchObject({ code: 2, stderr, stdout: "" });
});
