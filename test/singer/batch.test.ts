import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { destinations, type TestDatabase } from "../support/databases.ts";
import { newFolder } from "../support/program.ts";
import { feed, type Line, record, schema, state } from "./feed.ts";
import { runPiped } from "./program.ts";

const integer = { type: ["null", "integer"] };

const users = schema("users", { id: integer });

const activate = (version: number): Line => ({
  type: "ACTIVATE_VERSION",
  stream: "users",
  version,
});

describe.each(destinations)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let folder: string;
  let files = 0;

  beforeEach(async () => {
    database = await newDatabase();
    folder = await mkdtemp(join(tmpdir(), "rivulet-batch-"));
  });

  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  async function batchOf(lines: readonly unknown[], more: object = {}): Promise<Line> {
    const file = join(folder, `${(files += 1)}.jsonl`);
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
    const manifest = [pathToFileURL(file).href];
    return { type: "BATCH", stream: "users", encoding: { format: "jsonl" }, manifest, ...more };
  }

  /** The ids of rows that are not marked as deleted. */
  async function presentIds(): Promise<number[]> {
    const rows = await database.query('SELECT id, _deleted FROM "users" ORDER BY id');
    return rows
      .filter(({ _deleted }) => ![true, 1, 1n, "t"].includes(_deleted as never))
      .map(({ id }) => Number(id));
  }

  async function savedState(): Promise<unknown> {
    const [saved] = await database.query(
      "SELECT checkpoint FROM _rivulet_state WHERE stream LIKE '_rivulet_input%'",
    );
    return saved?.["checkpoint"];
  }

  test("rows of a BATCH belong to its version, and survive its activation", async () => {
    const batch = await batchOf([{ id: 1 }, { id: 2 }], { version: 5 });
    await feed(database, [users, record("users", { id: 9 }, { version: 4 })]);
    await feed(database, [users, batch, activate(5)]);
    expect(await presentIds()).toEqual([1, 2]);
    const own = { type: "RECORD", stream: "users", record: { id: 3 }, version: 6 };
    await feed(database, [users, await batchOf([own, { id: 1 }], { version: 5 }), activate(6)]);
    expect(await presentIds()).toEqual([3]);
  });

  test("records without a version are not deleted by a version that follows them", async () => {
    const { warnings, status } = await feed(database, [
      users,
      await batchOf([{ id: 1 }]),
      activate(5),
    ]);
    expect(await presentIds()).toEqual([1]);
    expect(warnings).toEqual([expect.stringMatching(/users: .*without a version.*marked/)]);
    expect(status).toBe("completed");
    await feed(database, [users, record("users", { id: 2 }), activate(6)]);
    expect(await presentIds()).toEqual([1, 2]);
  });

  const broken: readonly (readonly [what: string, line: () => Line | Promise<Line>])[] = [
    ["no list of files", () => ({ type: "BATCH", stream: "users", manifest: { file: "a.jsonl" } })],
    ["a version that is none", async () => await batchOf([{ id: 1 }], { version: "five" })],
    ["no SCHEMA before it", async () => await batchOf([{ id: 1 }], { stream: "others" })],
    ["a broken end", () => '{"type": "BATCH", "stream": "users", "manifest": ["a.jsonl"'],
    ["another encoding", () => Buffer.from('{"type":"BATCH","manifest":["\xff.jsonl"]}', "latin1")],
  ];

  test.each(broken)(
    "a BATCH with %s ends the run before the STATE behind it",
    async (_what, line) => {
      const fed = feed(database, [users, state(1), await line(), state(2)]);
      await expect(fed).rejects.toThrow(/^line 3: .*; its records would be lost/);
      expect(await savedState()).toBe('{"state":"1"}');
    },
  );

  test("file://localhost/… names a file of this machine, in any case and with escapes", async () => {
    const path = join(folder, "a file.jsonl");
    await writeFile(path, '{"id":1}');
    const { pathname } = pathToFileURL(path);
    const manifest = [
      `file://localhost${pathname}`,
      `FILE://LOCALHOST${pathname}`,
      `file:${pathname}`,
    ];
    const { status } = await feed(database, [
      users,
      { type: "BATCH", stream: "users", encoding: { format: "jsonl" }, manifest },
    ]);
    expect(status).toBe("completed");
    expect(await presentIds()).toEqual([1]);
  });

  describe("a file outside of the folder for them", () => {
    const line = (file: string): Line => ({
      type: "BATCH",
      stream: "users",
      encoding: { format: "jsonl" },
      manifest: [file],
    });

    beforeEach(async () => {
      await mkdir(join(folder, "inside"));
      await writeFile(join(folder, "secret.jsonl"), '{"id":1}');
      await symlink(join(folder, "secret.jsonl"), join(folder, "inside", "link.jsonl"));
      await symlink(folder, join(folder, "inside", "up"));
    });

    test.each([
      "secret.jsonl",
      "inside/../secret.jsonl",
      "inside/link.jsonl",
      "inside/up/secret.jsonl",
    ])("is not read: %s", async (name) => {
      const batchFolder = join(folder, "inside");
      const input = [users, state(1), line(join(folder, name)), state(2)];
      const { failures } = await feed(database, input, { batchFolder });
      const failure = failures.get("users");
      expect(failure?.message).toContain(`not in ${batchFolder}; have the tap write its files`);
      expect(failure).toBeInstanceOf(ConfigError);
      expect(await savedState()).toBe('{"state":"1"}');
    });

    test("is read if the folder contains it, also through links", async () => {
      const { status } = await feed(database, [users, line(join(folder, "inside", "link.jsonl"))], {
        batchFolder: join(folder, "inside", "up"),
      });
      expect(status).toBe("completed");
      expect(await presentIds()).toEqual([1]);
    });
  });
});

test("a target reads files of a BATCH below its working directory, or --batch-dir", async () => {
  await using folder = await newFolder({ "secret.jsonl": '{"id":1}' });
  await mkdir(join(folder.path, "work"));
  const batch = { type: "BATCH", stream: "users", format: "jsonl", filepath: "../secret.jsonl" };
  const input = [users, batch].map((line) => JSON.stringify(line)).join("\n");
  const cwd = join(folder.path, "work");
  const refused = await runPiped("rivulet", ["target"], { cwd, input });
  expect(refused.status).toBe(2);
  expect(refused.stderr).toMatch(/BATCH .*secret.jsonl: not in .*work; .* with --batch-dir/);
  const allowed = await runPiped("rivulet", ["target", "--batch-dir", ".."], { cwd, input });
  expect(allowed.status).toBe(0);
});
