import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { startOpik, type Opik } from "../support/opik.ts";
import { logLines, newFolder, run } from "../support/program.ts";

let opik: Opik;
let down: Opik;
beforeAll(async () => {
  opik = await startOpik();
  const dataset = opik.workspace.addDataset({ name: "one" });
  dataset.addItems([{ data: { input: "Is it raining?" } }]);
  down = await startOpik({
    intercept: (_request, response) => response.writeHead(503).end("<html>"),
  });
});
afterAll(async () => {
  await opik[Symbol.asyncDispose]();
  await down[Symbol.asyncDispose]();
});

const newProject = (settings: Readonly<Record<string, unknown>> = {}) =>
  newFolder({
    "configuration.json": { opik: { base_url: opik.url, retry_attempts: 0, ...settings } },
  });

describe("the command that shows the result", () => {
  test.each(databases)("works in a shell, on %s", async (name, newDatabase) => {
    await using folder = await newProject();
    const database = await newDatabase();
    try {
      const args = ["--destination", database.url];
      const { stdout, status } = await run("opik-sync", args, { cwd: folder.path });
      expect(status).toBe(0);
      const [, line = ""] = /^see the rows: (.*)$/m.exec(stdout) ?? [];
      const url = new URL(database.url);
      const schema = url.searchParams.get("schema");
      if (name === "sqlite") expect(line).toMatch(/^sqlite3 -box \S+ 'SELECT \* FROM "opik_/);
      else if (schema !== null) expect(line).toContain(`FROM "${schema}"."opik_`);
      expect(line).not.toContain("?");
      if (url.password !== "") expect(line).not.toContain(`${url.password}@`);
    } finally {
      await database.drop();
    }
  });

  test("quotes a path with spaces", async () => {
    await using folder = await newProject();
    const args = ["--destination", "sqlite:./my team's.db"];
    const { stdout } = await run("opik-sync", args, { cwd: folder.path });
    expect(stdout).toContain(
      `see the rows: sqlite3 -box './my team'\\''s.db' 'SELECT * FROM "opik_dataset_item" LIMIT 5'`,
    );
  });

  test("is missing if nothing was written", async () => {
    await using folder = await newProject({ base_url: down.url });
    const { stdout, status } = await run("opik-sync", [], { cwd: folder.path });
    expect(stdout).toMatch(/sync failed/);
    expect(stdout).not.toMatch(/see the rows/);
    expect(status).toBe(1);
  });
});

test("logs each failure of a sync once, when it happens", async () => {
  await using folder = await newProject({ base_url: down.url });
  const ended = await run("opik-sync", [], { cwd: folder.path });
  const failures = logLines(ended).map(({ message }) => String(message).split(":")[0]);
  expect(failures).toEqual(["opik_project", "opik_dataset", "opik_dataset_item", "sync failed"]);
});

describe("secrets", () => {
  test("do not spoil the rest of a message if user and password are ordinary words", async () => {
    await using folder = await newProject();
    const args = ["status", "--destination", "postgres://postgres:postgres@127.0.0.1:1/postgres"];
    const ended = await run("opik-sync", args, { cwd: folder.path });
    expect(logLines(ended)[0]?.["message"]).toMatch(
      /^postgres:\/\/postgres@127\.0\.0\.1:1\/postgres: cannot be reached/,
    );
  });

  test.each([
    "postgres://me:p@ss-w0rd/x@127.0.0.1:1/db",
    "postgres://me:p/ss-w0rd@127.0.0.1:1/db",
    "postgres://me:1?ss-w0rd@127.0.0.1:1/db",
    "postgres://me:50%off-ss-w0rd@127.0.0.1:1/db",
  ])("are not shown if a password must be percent-encoded: %s", async (url) => {
    await using folder = await newProject();
    for (const command of ["sync", "check", "status"]) {
      const args = [command, "--destination", url, "--log-level", "debug"];
      const { status, stdout, stderr } = await run("opik-sync", args, { cwd: folder.path });
      expect(stdout + stderr).toMatch(/expected postgres:\/\/user:password@host.* as %40/);
      expect(stdout + stderr).not.toMatch(/w0rd/);
      expect(status).toBe(2);
    }
  });

  test("do not falsify JSON: a result that contains one is not printed", async () => {
    const exports: string[] = [];
    for (const key of ["id", "opik_dataset_item"]) {
      await using folder = await newProject({ COMET_OPIK_API_KEY: key });
      expect(await run("opik-sync", [], { cwd: folder.path })).toMatchObject({ status: 0 });
      const ended = await run("opik-sync", ["state", "export"], { cwd: folder.path });
      exports.push(ended.stdout);
      if (ended.status === 0) continue;
      expect(ended.status).toBe(2);
      expect(ended.stderr).toMatch(/contains a secret/);
    }
    expect(exports.map((text) => text === "")).toEqual([false, true]);
    expect(JSON.parse(exports[0] ?? "")).toMatchObject({ streams: { opik_dataset_item: {} } });
  });
});

describe("status", () => {
  test("shows the requested number of syncs, whatever other pipelines did since", async () => {
    await using folder = await newProject();
    for (let syncs = 0; syncs < 3; syncs += 1) await run("opik-sync", [], { cwd: folder.path });
    const db = new Database(join(folder.path, "warehouse.db"));
    db.exec(`INSERT INTO _rivulet_sync (id, pipeline, started_at, status)
             SELECT 'other ' || id, 'other', '9' || started_at, status FROM _rivulet_sync`);
    db.close();
    const args = ["status", "--limit", "2", "--json"];
    const { stdout } = await run("opik-sync", args, { cwd: folder.path });
    expect(JSON.parse(stdout)).toMatchObject([{ pipeline: "opik" }, { pipeline: "opik" }]);
  });

  test("shows a sync as died if its process was killed", async () => {
    await using folder = await newProject();
    await run("opik-sync", [], { cwd: folder.path });
    const db = new Database(join(folder.path, "warehouse.db"));
    db.exec("UPDATE _rivulet_sync SET status = 'running', ended_at = NULL");
    db.close();
    const { stdout } = await run("opik-sync", ["status"], { cwd: folder.path });
    expect(stdout).toMatch(/^status +died$/m);
  });
});

describe.skipIf(!existsSync("/dev/full"))("standard output on a full disk", () => {
  const bin = resolve(import.meta.dirname, "../../bin");
  const state = '{"type":"STATE","value":1}';

  test.each([
    ["a STATE of the target", `echo '${state}' | node ${bin}/rivulet.js target`],
    ["what the tap writes", `node ${bin}/opik-sync.js tap`],
    ["the catalog", `node ${bin}/opik-sync.js tap --discover`],
  ])("fails with one error that has a reason and no stack: %s", async (_what, command) => {
    await using folder = await newProject();
    const ended = promisify(execFile)("sh", ["-c", `${command} --quiet > /dev/full`], {
      cwd: folder.path,
      env: { PATH: process.env["PATH"] },
    });
    const failure = (await ended.then(
      () => ({ code: 0, stderr: "" }),
      (error: unknown) => error,
    )) as { readonly code: number; readonly stderr: string };
    expect(failure.code).toBe(1);
    const [line, ...others] = failure.stderr.split("\n").filter((text) => text.startsWith("{"));
    expect(JSON.parse(line ?? "{}")).toMatchObject({
      level: "severe",
      message: expect.stringMatching(/^standard output: cannot be written to \(ENOSPC/) as string,
    });
    expect(others).toEqual([]);
  });
});
