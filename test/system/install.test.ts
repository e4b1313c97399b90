import { execFile } from "node:child_process";
import { isBuiltin } from "node:module";
import { access, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { installPackage, type InstalledPackage } from "../support/npm.ts";
import { withoutNodeWarnings } from "../support/node-warnings.ts";
import { newFolder } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");
const execute = promisify(execFile);

let installed: InstalledPackage | undefined;
beforeAll(async () => {
  installed = await installPackage();
}, 300_000);
afterAll(() => installed?.remove());

let rivulet: InstalledPackage;
let home: string;
beforeEach((context) => {
  if (installed === undefined) return context.skip("npm cannot reach its registry");
  rivulet = installed;
  home = join(rivulet.project, "node_modules/rivulet");
});

test("the package installs only what it needs, in at most 60 MB", async () => {
  const modules = join(rivulet.project, "node_modules");
  const files = await readdir(modules, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60e6);
  const packages = await readdir(modules);
  expect(packages).toEqual(expect.arrayContaining(["better-sqlite3", "rivulet", "zod"]));
  for (const bundled of ["echarts", "axios", "pg", "@inquirer", "typescript"])
    expect(packages).not.toContain(bundled);
});

test("the bundle imports nothing that the package does not install, and names what it contains", async () => {
  const { dependencies } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const missing = new Set<string>();
  for (const file of await readdir(join(home, "dist")))
    if (file.endsWith(".js"))
      for (const [, name = ""] of (await readFile(join(home, "dist", file), "utf8")).matchAll(
        /^(?:import|export)\b[^"\n]* from "((?:@[\w-]+\/)?[\w-]+)(?:\/[^"\n]*)?";$/gm,
      ))
        if (!(name in dependencies) && !isBuiltin(name)) missing.add(name);
  expect([...missing]).toEqual([]);
  const notices = await readFile(join(home, "dist/THIRD-PARTY-NOTICES.txt"), "utf8");
  for (const notice of ["echarts ", "Apache License", "pg ", "axios ", "zrender ", "d3"])
    expect(notices).toContain(notice);
});

test("README's documents are in the package", async () => {
  const readme = await readFile(join(home, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\(([^):#]+)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(20);
  for (const link of links) await access(join(home, link));
});

test("installed globally, it runs in an empty folder, and its hints run as they are printed", async () => {
  await using folder = await newFolder();
  const program = (name: string, ...args: string[]) =>
    execute(join(rivulet.bin, name), args, { cwd: folder.path }).then(withoutNodeWarnings);
  const demo = await program("rivulet", "demo");
  const [, hint = ""] = /^Plot more: (.*)$/m.exec(demo.stdout) ?? [];
  const [command = "", ...args] = hint.split(" ");
  expect(command).toBe("rivulet");
  expect((await program(command, ...args)).stdout).toMatch(/warmup \(8d0qwe12\) val\.loss/);
  const curve = ["plot", "3fk2a9xc,8d0qwe12", "loss", "--config", "demo.json"];
  expect((await program("wandb-sync", ...curve)).stdout).toContain("baseline (3fk2a9xc) loss");
  await program("rivulet", "report", "--destination", "demo.db", "-o", "report.html");
  const report = await readFile(join(folder.path, "report.html"), "utf8");
  expect(report).toContain("Contains Apache ECharts");
  expect((await program("opik-sync", "--version")).stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test("npx runs the programs of the tarball in an empty folder", async () => {
  await using folder = await newFolder();
  const args = ["--yes", "--ignore-scripts", "--prefer-offline", "--package", rivulet.tarball];
  const { stdout } = await execute("npx", [...args, "opik-sync", "--version"], {
    cwd: folder.path,
    env: { ...process.env, npm_config_cache: join(folder.path, "cache") },
  });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test("a connector of one's own is created and tested with what is installed", async () => {
  const bin = join(rivulet.project, "node_modules/.bin/rivulet");
  await execute(bin, ["create", "help-desk"], { cwd: rivulet.project });
  const folder = join(rivulet.project, "rivulet-source-help-desk");
  const tests = await execute("npm", ["test"], { cwd: folder });
  expect(tests.stdout).toMatch(/^[#ℹ] fail 0$/m);
}, 180_000);

test("a connector of one's own is typed with what is installed", async () => {
  const compilerOptions = {
    ...{ module: "nodenext", strict: true, noEmit: true },
    ...{ typeRoots: [join(root, "node_modules/@types")], types: ["node"] },
  };
  const project = { compilerOptions, files: ["desk.ts"] };
  await writeFile(join(rivulet.project, "desk.ts"), typedConnector);
  await writeFile(join(rivulet.project, "tsconfig.json"), JSON.stringify(project));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const compile = execute(process.execPath, [tsc, "-p", "."], { cwd: rivulet.project });
  await expect(compile).resolves.toMatchObject({ stdout: "" });
}, 180_000);

const typedConnector = `
import { z, restStream, type SourceConnector } from "rivulet/connector";
import { conformance, type Subject } from "rivulet/conformance";
const config = z.object({ key: z.string() });
export const key: string = config.parse({ key: "k" }).key;
export const kind: SourceConnector["kind"] = "source";
// @ts-expect-error: no such kind.
export const wrong: SourceConnector["kind"] = "sauce";
export const checks = (subject: Subject): readonly string[] =>
  conformance(subject).map(({ name }) => name);
export { restStream };
`;
