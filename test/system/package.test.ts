import { execFile } from "node:child_process";
import { cp, mkdir, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withoutNodeWarnings } from "../support/node-warnings.ts";
import { newFolder } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");
const execute = promisify(execFile);

/** A folder with the program in `rivulet`, links in `links`, and a PATH without Node. */
let folder: Awaited<ReturnType<typeof newFolder>>;
beforeAll(async () => {
  folder = await newFolder();
  const script = join(root, "scripts/package.js");
  const { stdout } = await execute(process.execPath, [script], { cwd: root });
  await cp(stdout.trim(), join(folder.path, "rivulet"), { recursive: true });
  for (const name of ["links", "path", "work"]) await mkdir(join(folder.path, name));
  for (const tool of ["dirname", "readlink"])
    await symlink(`/usr/bin/${tool}`, join(folder.path, "path", tool));
}, 180_000);
afterAll(() => folder[Symbol.asyncDispose]());

async function run(program: string, ...args: string[]) {
  const options = {
    cwd: join(folder.path, "work"),
    env: { PATH: join(folder.path, "path"), HOME: folder.path },
  };
  return withoutNodeWarnings(await execute(join(folder.path, program), args, options));
}

test("the standalone program syncs, queries, plots and reports where there is no Node", async () => {
  expect((await run("rivulet/bin/rivulet", "demo")).stdout).toMatch(/users +517 /);
  const database = ["--destination", "demo.db"];
  const query = await run("rivulet/bin/rivulet", "query", "SELECT count(*) FROM runs", ...database);
  expect(query.stdout.trim().split("\n").at(-1)).toBe("6");
  const names = ["3fk2a9xc,8d0qwe12", "loss"];
  const plot = await run("rivulet/bin/wandb-sync", "plot", ...names, "--config", "demo.json");
  expect(plot.stdout).toContain("baseline (3fk2a9xc) loss");
  const report = await run("rivulet/bin/rivulet", "report", ...database, "-o", "report.html");
  expect(report.stdout + report.stderr).toContain("report.html");
});

test("it goes by the name that it is called by, through a link too", async () => {
  for (const name of ["opik-sync", "countly-sync"]) {
    await symlink(join(folder.path, "rivulet/bin", name), join(folder.path, "links", name));
    const { stdout } = await run(`links/${name}`, "--help");
    expect(stdout).toMatch(new RegExp(`^${name} \\[command\\]`));
  }
});

test("it creates connectors and runs them", async () => {
  await run("rivulet/bin/rivulet", "create", "help-desk");
  const connector = "./rivulet-source-help-desk/rivulet_source_help_desk/main.js";
  const { stdout } = await run("rivulet/bin/rivulet", "--connector", connector, "about");
  expect(stdout).toContain("Help desk");
});
