import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { runPiped } from "../singer/program.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, run } from "../support/program.ts";
import { archiveTarget, deskSource, startArchive, startDesk } from "./desk.ts";

const rivulet = (folder: { readonly path: string }, ...args: string[]) =>
  run("rivulet", args, { cwd: folder.path });

describe("a source", () => {
  test("in a file is synced repeatedly like a bundled one", async () => {
    await using desk = await startDesk();
    await using folder = await newFolder({
      "desk.js": deskSource,
      "package.json": { type: "module" },
      "configuration.json": { desk: { api_key: "key-of-the-desk", base_url: desk.url } },
    });
    const sync = () => rivulet(folder, "--connector", "./desk.js", "sync", "--log-level", "debug");
    const first = await sync();
    expect(first.stderr).not.toContain("key-of-the-desk");
    expect(first.status).toBe(0);
    desk.agents.pop();
    expect(await sync()).toMatchObject({ status: 0 });
    const db = new Database(join(folder.path, "warehouse.db"));
    const rows = db.prepare("SELECT _key, _id, __id, _deleted FROM agent ORDER BY 1").all();
    db.close();
    expect(rows).toEqual([
      { _key: "a", _id: 1, __id: 2, _deleted: 0 },
      { _key: "b", _id: 0, __id: null, _deleted: 1 },
    ]);
    for (const command of ["check", "status", "verify"])
      expect(await rivulet(folder, "--connector=./desk.js", command)).toMatchObject({ status: 0 });
  });

  test("is described as in the contract: about, schemas and samples, with reserved keys renamed", async () => {
    await using desk = await startDesk();
    await using folder = await newFolder({
      "desk.mjs": deskSource,
      "configuration.json": { desk: { api_key: "key-of-the-desk", base_url: desk.url } },
    });
    const json = async (command: string): Promise<unknown> => {
      const { stdout } = await rivulet(folder, "--connector", "./desk.mjs", command, "--json");
      return JSON.parse(stdout);
    };
    expect(await json("about")).toMatchObject({
      name: "desk",
      package_name: "rivulet_source_desk",
      type: "source",
      version: "2.3.4",
      config: [
        { name: "api_key", display_name: "API key", type: "password", is_mandatory: true },
        { name: "base_url", display_name: "Base URL", type: "string", is_mandatory: true },
      ],
      capabilities: ["catalog", "discover", "state"],
      reserved_keys: [],
    });
    const attributes = [
      { name: "_key", type: "string" },
      { name: "___id", type: "long" },
      { name: "__id", type: "long" },
      { name: "raw", type: "object" },
    ];
    expect(await json("discover")).toMatchObject({ schemas: [{ name: "agent", attributes }] });
    expect(await json("sample")).toEqual({
      samples: [
        {
          schema: { name: "agent", attributes },
          data: [
            { _key: "a", ___id: 1, __id: 2, raw: { id: "a", _id: 1, __id: 2 } },
            { _key: "b", ___id: 0, __id: null, raw: { id: "b", _id: 0, __id: null, big: 12345 } },
          ],
        },
      ],
    });
  });

  test("in an npm package is found by the name of the package, and by its own", async () => {
    await using folder = await newFolder();
    const home = join(folder.path, "node_modules", "rivulet-source-desk");
    await mkdir(home, { recursive: true });
    await writeFile(join(home, "main.js"), deskSource);
    await writeFile(join(home, "package.json"), '{"type": "module", "exports": "./main.js"}');
    for (const name of ["rivulet-source-desk", "desk"]) {
      const { stdout, stderr } = await rivulet(folder, "--connector", name, "about", "--json");
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toMatchObject({ package_name: "rivulet_source_desk" });
    }
  });
});

test("the section of a connector that a command does not load needs its package, or its name in the file", async () => {
  await using desk = await startDesk();
  await using folder = await newFolder({ "desk.mjs": deskSource });
  const check = async (more: Readonly<Record<string, unknown>>) => {
    const settings = { api_key: "key-of-the-desk", base_url: desk.url };
    const file = join(folder.path, "configuration.json");
    await writeFile(file, JSON.stringify({ desk: settings, ...more }), { mode: 0o600 });
    return await rivulet(folder, "--connector", "./desk.mjs", "check");
  };
  const refused = await check({ archive: {} });
  expect(refused.stdout).toMatch(/failed +configuration: .*archive: unknown key/);
  expect(refused.status).toBe(2);
  expect(await check({ archive: {}, connectors: ["archive"] })).toMatchObject({ status: 0 });
  const home = join(folder.path, "node_modules", "rivulet-target-archive");
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "index.js"), "");
  expect(await check({ archive: {} })).toMatchObject({ status: 0 });
});

describe("an invalid connector is rejected in one line that names the problem", () => {
  const named = 'kind: "source", name: "desk", title: "Desk"';
  test.each([
    [
      "no such export",
      "export default {};",
      /not a connector: connector: missing; export an object/,
    ],
    ["no kind", "export const connector = {};", /connector\.kind: expected one of source, target,/],
    [
      "several members missing",
      `export const connector = { ${named} };`,
      /connector\.config: expected z\.object.*; connector\.check: .*function; connector\.identity: .*; connector\.streams: /,
    ],
    [
      "a name with spaces",
      deskSource.replace('name: "desk"', 'name: "Help Desk"'),
      /connector\.name: expected a name like help_desk$/m,
    ],
    [
      "a reserved name",
      deskSource.replace('name: "desk"', 'name: "opik"'),
      /rivulet reserves the name "opik"; choose another/,
    ],
    [
      "a syntax error",
      "export const connector = ;",
      /cannot be loaded \(.*bad.mjs: line 1, column 26: Unexpected token/,
    ],
    [
      "a missing package",
      'import "no-such-package";',
      /cannot be loaded \(Cannot find package 'no-such-package'/,
    ],
  ])("%s", async (_what, text, message) => {
    await using folder = await newFolder({ "bad.mjs": text });
    const { status, stdout, stderr } = await rivulet(folder, "--connector", "./bad.mjs", "sync");
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test.each([
    [
      ["--connector", "./nowhere.js"],
      /no such file or package in .*; install it with npm, or pass/,
    ],
    [["--connector"], /--connector: expected a file or a package/],
    [
      ["--connector", "./a.mjs", "--connector", "./a.mjs"],
      /a second source; pass one of each kind/,
    ],
    [["--connector", "./a.mjs", "snyc"], /unknown command "snyc"; did you mean "sync"\?/],
  ])("%j", async (args, message) => {
    await using folder = await newFolder({ "a.mjs": deskSource });
    const { status, stderr } = await rivulet(folder, ...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});

describe("a target", () => {
  test("receives the rows of a bundled source, resumes after a failure, and receives nothing unchanged twice", async () => {
    await using opik = await startOpik();
    await using archive = await startArchive();
    const dataset = opik.workspace.addDataset({ name: "one" });
    const ids = dataset.addItems([1, 2, 3].map((input) => ({ data: { input } })));
    await using folder = await newFolder({
      "archive.mjs": archiveTarget,
      "configuration.json": {
        opik: { base_url: opik.url },
        archive: { api_key: "key-of-the-archive", base_url: archive.url },
      },
    });
    const sync = () => rivulet(folder, "--connector", "./archive.mjs", "opik", "sync");
    archive.refusals = 1;
    const failed = await sync();
    expect(failed.stderr).toMatch(/changes: 503/);
    expect(failed.status).toBe(1);
    expect(await sync()).toMatchObject({ status: 0 });
    const items = archive.tables.get("opik_dataset_item");
    expect([...(items?.keys() ?? [])].sort()).toEqual([...ids].sort());
    expect([...(items?.values() ?? [])][0]).toMatchObject({ dataset_id: dataset.entity.id });

    archive.tables.clear();
    const third = await sync();
    expect(third).toMatchObject({ status: 0 });
    expect(third.stdout).not.toContain("see the rows");
    expect(archive.tables.get("opik_dataset_item")).toBeUndefined();
    const status = await rivulet(
      folder,
      "--connector",
      "./archive.mjs",
      "opik",
      "status",
      "--json",
    );
    expect(JSON.parse(status.stdout)).toMatchObject([
      { pipeline: "opik to archive", status: "completed" },
      { status: "completed" },
      { status: "failed" },
    ]);
  });

  test("works with an external source, and receives no column with a reserved name", async () => {
    await using desk = await startDesk();
    await using archive = await startArchive();
    await using folder = await newFolder({
      "desk.mjs": deskSource,
      "archive.mjs": archiveTarget,
      "configuration.json": {
        connectors: ["archive"],
        desk: { api_key: "key-of-the-desk", base_url: desk.url },
        archive: { api_key: "key-of-the-archive", base_url: archive.url },
      },
    });
    const both = ["--connector", "./desk.mjs", "--connector", "./archive.mjs"];
    expect(await rivulet(folder, ...both, "sync")).toMatchObject({ status: 0 });
    expect(archive.tables.get("agent")?.get("b")).toEqual({
      _key: "b",
      ___id: 0,
      __id: null,
      raw: expect.any(String) as string,
    });
    // The state of the target does not affect the database's own tables: a sync into it works, too.
    expect(await rivulet(folder, "--connector", "./desk.mjs", "sync")).toMatchObject({ status: 0 });
    const db = new Database(join(folder.path, "warehouse.db"));
    expect(db.prepare("SELECT count(*) AS rows FROM agent").get()).toEqual({ rows: 2 });
    db.close();
  });

  test("receives the output of a Singer tap, and prints each STATE once its rows are written", async () => {
    await using archive = await startArchive();
    await using folder = await newFolder({
      "archive.mjs": archiveTarget,
      "configuration.json": { archive: { api_key: "key-of-the-archive", base_url: archive.url } },
    });
    const schema = { properties: { id: { type: "integer" }, _id: { type: ["null", "string"] } } };
    const messages = [
      { type: "SCHEMA", stream: "people", schema, key_properties: ["id"] },
      { type: "RECORD", stream: "people", record: { id: 1, _id: "x" } },
      { type: "RECORD", stream: "people", record: { id: 2, _id: null } },
      { type: "STATE", value: { bookmarks: { people: 2 } } },
    ];
    const args = ["--connector", "./archive.mjs", "sync", "--metrics-file", "archive.prom"];
    const input = messages.map((message) => `${JSON.stringify(message)}\n`).join("");
    const ended = await runPiped("rivulet", args, { cwd: folder.path, input });
    expect(ended).toMatchObject({ status: 0, stdout: '{"bookmarks":{"people":2}}\n' });
    expect([...(archive.tables.get("people")?.values() ?? [])]).toMatchObject([
      { id: 1, __id: "x" },
      { id: 2, __id: null },
    ]);
    const metrics = await readFile(join(folder.path, "archive.prom"), "utf8");
    expect(metrics).toMatch(/^exported_documents_total\{.*\} 2$/m);
  });

  test("shows no secret in the summary of a Singer tap's output", async () => {
    await using archive = await startArchive();
    const api_key = "key-of-the-archive";
    await using folder = await newFolder({
      "archive.mjs": archiveTarget,
      "configuration.json": { archive: { api_key, base_url: archive.url } },
    });
    const schema = { properties: { id: { type: "integer" } } };
    const messages = [
      { type: "SCHEMA", stream: `about ${api_key}`, schema, key_properties: ["id"] },
      { type: "RECORD", stream: `about ${api_key}`, record: { id: 1 } },
    ];
    const args = ["--connector", "./archive.mjs", "sync", "--log-format", "pretty"];
    const input = messages.map((message) => `${JSON.stringify(message)}\n`).join("");
    const { status, stderr } = await runPiped("rivulet", args, { cwd: folder.path, input });
    expect(stderr).toMatch(/about .*sync completed/s);
    expect(stderr).not.toContain(api_key);
    expect(status).toBe(0);
  });

  test("can be checked and described without a source", async () => {
    await using archive = await startArchive();
    await using folder = await newFolder({
      "archive.mjs": archiveTarget,
      "configuration.json": { archive: { api_key: "key-of-the-archive", base_url: archive.url } },
    });
    const check = await rivulet(folder, "--connector", "./archive.mjs", "check");
    expect(check).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/ok +login/) as string,
    });
    const about = await rivulet(folder, "--connector", "./archive.mjs", "about", "--json");
    expect(JSON.parse(about.stdout)).toMatchObject({
      package_name: "rivulet_target_archive",
      type: "target",
      reserved_keys: ["", "_id"],
      capabilities: [],
    });
  });
});

test("an integration runs with sync, and reports what a person must change", async () => {
  await using desk = await startDesk();
  const integration = `
    import { newClient, secretText, serviceUrl, z } from "rivulet/connector";
    const clientOf = ({ key, url }, context) =>
      newClient({ ...context, baseUrl: url, headers: { authorization: \`Bearer \${key}\` } });
    export const connector = {
      kind: "integration", name: "poke", title: "Poke", description: "Pokes the desk.",
      config: z.object({
        key: secretText({ description: "The key." }),
        url: serviceUrl({ description: "Where it is." }),
      }),
      check: async (config, context) => void (await clientOf(config, context).getJson("agents")),
      run: async (config, context) => void (await clientOf(config, context).postJson("poke")),
    };`;
  await using folder = await newFolder({ "poke.mjs": integration });
  const poke = async (key: string, ...args: string[]) => {
    await writeFile(
      join(folder.path, "configuration.json"),
      JSON.stringify({ poke: { key, url: desk.url } }),
    );
    return await rivulet(folder, "--connector", "./poke.mjs", ...args);
  };
  expect(await poke("key-of-the-desk")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^poke completed: 1 request, /) as string,
  });
  expect(desk.requests.map(({ url }) => url.pathname)).toEqual(["/poke"]);
  expect(await poke("wrong-key-here", "sync")).toMatchObject({ status: 2 });
  const check = await poke("wrong-key-here", "check");
  expect(check.stdout).toMatch(/failed +login: GET .*: 401/);
  expect(check.stdout).not.toContain("wrong-key-here");
  expect(check.status).toBe(2);
  const { stdout } = await poke("key-of-the-desk", "about", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ type: "integration", description: "Pokes the desk." });
  expect(await readFile(join(folder.path, "poke.mjs"), "utf8")).toBe(integration);
});
