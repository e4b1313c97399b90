import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SourceStandIn } from "../../src/connector/conformance/subject.ts";
import { withoutNodeWarnings } from "../support/node-warnings.ts";
import { pack } from "../support/npm.ts";
import { newFolder, run } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");
const execute = promisify(execFile);

/**
 * A folder with rivulet installed from its package, as npm does, except that dependencies are
 * linked.
 */
let project: Awaited<ReturnType<typeof newFolder>>;
beforeAll(async () => {
  project = await newFolder({ "package.json": { private: true } });
  const tarball = await pack(root, project.path);
  const home = join(project.path, "node_modules", "rivulet");
  await mkdir(home, { recursive: true });
  await execute("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
  await symlink(join(root, "node_modules"), join(home, "node_modules"));
});
afterAll(() => project[Symbol.asyncDispose]());

const installed = async (...args: string[]) => {
  const bin = join(project.path, "node_modules/rivulet/bin/rivulet.js");
  return withoutNodeWarnings(
    await execute(process.execPath, [bin, ...args], { cwd: project.path }),
  );
};

describe.each(["source", "target", "integration"])("create --kind %s", (kind) => {
  test("writes a package with the name and layout of the contract, whose tests pass", async () => {
    const { stdout } = await installed("create", "help-desk", "--kind", kind);
    expect(stdout).toContain(`wrote ./rivulet-${kind}-help-desk`);
    const folder = join(project.path, `rivulet-${kind}-help-desk`);
    const read = (file: string): Promise<string> => readFile(join(folder, file), "utf8");
    const manifest = JSON.parse(await read("package.json")) as Record<string, unknown>;
    expect(manifest["name"]).toBe(`rivulet-${kind}-help-desk`);
    for (const file of ["LICENSE", "README.md", "GETTING_STARTED.md"])
      expect(await read(file)).not.toMatch(/(__|\*\*)[A-Z]+\1/);
    expect(await read("README.md")).toMatch(`# rivulet-${kind}-help-desk\n`);
    expect(await read("GETTING_STARTED.md")).toMatch("# Getting started with Help desk\n");
    expect(await read(`rivulet_${kind}_help_desk/main.js`)).toContain('name: "help_desk"');
    const tests = await execute("npm", ["test"], { cwd: folder });
    expect(tests.stdout).toMatch(/^[#ℹ] pass 1[0-9]$/m);
    expect(tests.stdout).toMatch(/^[#ℹ] fail 0$/m);
  });
});

test("a created source can be packed, installed from its tarball, and synced", async () => {
  await installed("create", "crm");
  const made = join(project.path, "rivulet-source-crm");
  const service = (await import(
    /* @vite-ignore */ pathToFileURL(join(made, "test/service.js")).href
  )) as { start(): Promise<SourceStandIn> };
  await using user = await newFolder({ "package.json": { private: true } });
  const args = ["install", "--offline", "--ignore-scripts", "--legacy-peer-deps", "--no-audit"];
  await execute("npm", [...args, await pack(made, project.path)], { cwd: user.path });
  await using started = await service.start();
  await writeFile(
    join(user.path, "configuration.json"),
    JSON.stringify({ crm: started.configuration }),
    { mode: 0o600 },
  );
  for (const name of ["rivulet-source-crm", "crm"]) {
    const ended = await run("rivulet", ["--connector", name, "sync"], { cwd: user.path });
    expect(ended).toMatchObject({ status: 0, signal: null });
  }
  const db = new Database(join(user.path, "warehouse.db"));
  expect(db.prepare("SELECT count(*) AS n FROM crm_ticket").get()).toEqual({ n: 250 });
  expect(db.prepare("SELECT count(*) AS n FROM crm_agent").get()).toEqual({ n: 2 });
  db.close();
});

test("create overwrites nothing, and accepts only names that are valid for packages, modules and tables", async () => {
  await using folder = await newFolder();
  const create = (...args: string[]) => run("rivulet", ["create", ...args], { cwd: folder.path });
  expect(await create("desk")).toMatchObject({ status: 0 });
  const file = join(folder.path, "rivulet-source-desk/rivulet_source_desk/main.js");
  await writeFile(file, "mine");
  const again = await create("desk");
  expect(again.stderr).toMatch(/rivulet-source-desk: already exists; choose another name/);
  expect(again.status).toBe(2);
  expect(await readFile(file, "utf8")).toBe("mine");
  for (const name of ["Desk", "../desk", "a b", "1a", "a__b"])
    expect(await create(name)).toMatchObject({ status: 2, stdout: "" });
  expect(await create("desk", "--kind", "sauce")).toMatchObject({ status: 2 });
});

test("created packages pass a type check against rivulet's declarations", async () => {
  await using folder = await newFolder({
    "tsconfig.json": {
      compilerOptions: {
        ...{ allowJs: true, checkJs: true, strict: true, skipLibCheck: true, noEmit: true },
        ...{ target: "es2023", module: "nodenext", types: ["node"], lib: ["es2023", "esnext"] },
        allowImportingTsExtensions: true,
        typeRoots: [join(root, "node_modules/@types")],
        paths: { "rivulet/connector": [join(root, "src/connector/api.ts")] },
      },
      include: ["*/rivulet_*/main.js"],
    },
  });
  for (const kind of ["source", "target", "integration"])
    await run("rivulet", ["create", "desk", "--kind", kind], { cwd: folder.path });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await execute(process.execPath, [tsc, "-p", folder.path]).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe("");
});
