import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { newFolder } from "./support/program.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");

const result = z.object({
  node: z.literal(process.version),
  short: z.literal(true),
  machine: z.object({ cores: z.number() }),
  figures: z.array(z.object({ scenario: z.string(), ratio: z.number(), met: z.boolean() })),
});

test("the benchmarks run, print a table and keep their figures", { timeout: 240_000 }, async () => {
  await using folder = await newFolder();
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", join(root, "tsconfig.bench.json")]);
  const bench = join(root, "dist/bench/bench/main.js");
  const args = ["--short", "--results", folder.path, "latency", "start"];
  const { stdout } = await run(process.execPath, [bench, ...args]);
  expect(stdout).toMatch(/^scenario +measured +floor +ratio +aim +met$/m);
  const [file = ""] = await readdir(folder.path);
  const { figures } = result.parse(JSON.parse(await readFile(join(folder.path, file), "utf8")));
  expect(figures.map(({ scenario }) => scenario)).toEqual(["latency", "start"]);
});
