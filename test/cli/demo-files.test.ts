import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newFolder, run } from "../support/program.ts";

/** A folder in which the demo has run once. */
let demo: { database: Buffer; settings: string };
let workplace: string;
beforeAll(async () => {
  workplace = await mkdtemp(join(tmpdir(), "rivulet-demo-"));
  expect(await run("rivulet", ["demo"], { cwd: workplace })).toMatchObject({ status: 0 });
  demo = {
    database: await readFile(join(workplace, "demo.db")),
    settings: await readFile(join(workplace, "demo.json"), "utf8"),
  };
});
afterAll(() => rm(workplace, { recursive: true }));

test("the demo runs a second time in its folder", async () => {
  const { status, stdout } = await run("rivulet", ["demo"], { cwd: workplace });
  expect(status).toBe(0);
  expect(stdout).toMatch(/First sync:.* everything/);
});

/** A database with a pipeline of the same name as the demo's, of somebody's own server. */
async function ownPipeline(file: string): Promise<void> {
  await writeFile(file, demo.database);
  const db = new Database(file);
  db.exec(`UPDATE _rivulet_state SET checkpoint = replace(checkpoint, '127.0.0.1', 'opik.mine')
           WHERE stream = ''`);
  db.close();
}

function ownDatabase(file: string): void | Promise<void> {
  const db = new Database(file);
  db.exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')");
  db.close();
}

/** Expects the demo to name a file, to end with 2, and to leave the file as it is. */
async function expectRefused(cwd: string, file: string): Promise<void> {
  const before = await readFile(join(cwd, file));
  const { status, stderr } = await run("rivulet", ["demo"], { cwd });
  expect(stderr).toContain(`${file}: not known to be of an earlier demo`);
  expect(status).toBe(2);
  expect(before.equals(await readFile(join(cwd, file)))).toBe(true);
}

test.each([
  ["a database of somebody's own", ownDatabase],
  ["a file that is no database", (path: string) => writeFile(path, "mine")],
  ["the demo's database without its settings", (path: string) => writeFile(path, demo.database)],
])("the demo does not touch a demo.db that is %s", async (_what, create) => {
  await using folder = await newFolder();
  const path = join(folder.path, "demo.db");
  await create(path);
  await expectRefused(folder.path, "demo.db");
});

test.each([
  ["of somebody's own", ownDatabase],
  ["of another server", ownPipeline],
])("the demo does not touch a demo.db %s beside its own settings", async (_what, change) => {
  await using folder = await newFolder({ "demo.json": demo.settings });
  const path = join(folder.path, "demo.db");
  await change(path);
  await expectRefused(folder.path, "demo.db");
});

test.each([
  ["settings of somebody's own", { opik: { base_url: "https://opik.mine" } }],
  ["no JSON", "mine"],
])("the demo does not touch a demo.json with %s", async (_what, content) => {
  await using folder = await newFolder({ "demo.json": content });
  await expectRefused(folder.path, "demo.json");
});

test("the demo does not write through a link to another file", async () => {
  await using folder = await newFolder({ "mine.json": demo.settings });
  await symlink("mine.json", join(folder.path, "demo.json"));
  const { status } = await run("rivulet", ["demo"], { cwd: folder.path });
  expect(status).toBe(2);
  expect(await readFile(join(folder.path, "mine.json"), "utf8")).toBe(demo.settings);
});
