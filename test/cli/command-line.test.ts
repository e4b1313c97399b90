import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOpik, type Opik } from "../support/opik.ts";
import { logLines, newFolder, run } from "../support/program.ts";

let opik: Opik;
let folder: Awaited<ReturnType<typeof newFolder>>;
beforeAll(async () => {
  opik = await startOpik();
  opik.workspace.addProject({ name: "one" });
  folder = await newFolder({
    "configuration.json": { opik: { base_url: opik.url, retry_attempts: 0 } },
  });
});
afterAll(async () => {
  await opik[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const opikSync = (...args: string[]) => run("opik-sync", args, { cwd: folder.path });
const rivulet = (...args: string[]) => run("rivulet", args, { cwd: folder.path });

test("--version shows the version and does nothing else", async () => {
  for (const shown of [
    await opikSync("--version"),
    await rivulet("--version"),
    await rivulet("opik", "--version"),
  ]) {
    expect(shown).toMatchObject({ status: 0, stderr: "" });
    expect(shown.stdout).toMatch(/^\d+\.\d+\.\d+(\+[0-9a-f]+(-dirty)?)?\n$/);
  }
});

test("accepts flags before the source and before the command", async () => {
  const early = await rivulet("--quiet", "--destination", "sqlite:./early.db", "opik", "sync");
  expect(early).toMatchObject({ status: 0, stdout: "", stderr: "" });
  for (const shown of [
    await rivulet("--json", "--destination=sqlite:./early.db", "opik", "status"),
    await opikSync("--json", "--destination", "sqlite:./early.db", "status"),
  ]) {
    expect(shown.status).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject([{ status: "completed" }]);
  }
});

test("--streams accepts names separated by commas, may be repeated, and does not swallow the command", async () => {
  for (const args of [
    ["--streams", "opik_project", "sync"],
    ["--streams", "opik_project,", "--dry-run"],
    ["--streams", "opik_project,", "--streams", " opik_dataset , ,", "sync", "--dry-run"],
  ]) {
    const { status, stdout } = await opikSync(...args);
    expect(status).toBe(0);
    expect(stdout).toContain("opik_project");
    expect(stdout).not.toContain("opik_dataset_item");
  }
});

test("rejects a switch with a value instead of reading it as off", async () => {
  const { status, stderr } = await opikSync("--dry-run=yes");
  expect(stderr).toMatch(/^--dry-run: takes no value; write --dry-run, or leave it out/);
  expect(status).toBe(2);
});

test("ignores an empty RIVULET_DESTINATION", async () => {
  const env = { RIVULET_DESTINATION: "" };
  const { status, stdout } = await run("opik-sync", ["status"], { cwd: folder.path, env });
  expect(stdout).toMatch(/sqlite:\.\/warehouse\.db|completed/);
  expect(status).toBe(0);
});

describe("reports an invalid command line in one sentence and the usage, with exit status 2", () => {
  test.each<[string[], string]>([
    [[], "name a source (opik, wandb, countly, example) or a command"],
    [["--quiet"], "name a source (opik, wandb, countly, example) or a command"],
    [["opick"], 'unknown command "opick"; did you mean "opik"?'],
    [["--quite", "opik"], '--quite: unknown option; did you mean "--quiet"?'],
    [["demo", "now"], 'unexpected argument "now"; leave it out'],
    [
      ["now"],
      'unknown command "now"; expected one of opik, wandb, countly, example, demo, sync, validate, target, query, report, create',
    ],
    [["opik", "--dry-rum"], '--dry-rum: unknown option; did you mean "--dry-run"?'],
    [["--force", "opik", "sync"], "--force: unknown option; expected one of --log-format, "],
    [["opik", "snyc"], 'unknown command "snyc"; did you mean "sync"?'],
    [["opik", "--dryRun"], '--dryRun: unknown option; did you mean "--dry-run"?'],
    [["opik", "--destination"], '--destination: expected text, got ""'],
    [["opik", "--destination", "a", "--destination", "b"], "--destination: given more than once"],
    [["opik", "--config", "a", "--config", "b"], "--config: given more than once"],
    [["opik", "--log-level", "loud"], "--log-level: expected one of debug, info, warning, severe"],
    [["opik", "--log-level=info", "--log-level=debug"], "--log-level: given more than once"],
    [["opik", "--streams", ","], '--streams: expected a list of texts, got ""'],
    [["opik", "status", "--limit", "1", "--limit", "2"], "--limit: given more than once"],
    [["opik", "postgres://me:pa55word@host/db"], 'unknown command "postgres://me:***@host/db"'],
    ...["status", "sample"].flatMap((command) =>
      ["abc", "1.5", "-1", "0", ""].map((limit): [string[], string] => [
        ["opik", command, `--limit=${limit}`],
        "--limit: expected a whole number from 1 to 1000000, got ",
      ]),
    ),
  ])("%j: %s", async (args, message) => {
    const { status, stdout, stderr } = await rivulet(...args);
    const help = /^(?:usage: rivulet .* \()?see rivulet.* --help\)?$/;
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringContaining(message),
      expect.stringMatching(help),
    ]);
    expect(stderr.startsWith(message.slice(0, 8))).toBe(true);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test.each(["abc", "0"])("--concurrency=%s is not blamed on the file", async (given) => {
    const ended = await opikSync(`--concurrency=${given}`);
    expect(logLines(ended)).toEqual([
      expect.objectContaining({
        level: "severe",
        message: expect.stringMatching(/^--concurrency: expected .* 1 to 64, got/) as string,
      }),
    ]);
    expect(ended.status).toBe(2);
  });

  test.each([
    ["bad.json", /^bad\.json: line 1, column 2: not JSON/],
    ["other.json", /^other\.json: not a state export \(version: .*create it with/],
    ["nowhere.json", /^nowhere\.json: no such file; create it with: state export/],
  ])("state import %s", async (file, message) => {
    await writeFile(join(folder.path, "bad.json"), "{nonsense");
    await writeFile(join(folder.path, "other.json"), '{"version": 2, "streams": {}}');
    const ended = await opikSync("state", "import", file);
    const [line, ...more] = logLines(ended);
    expect(more).toEqual([]);
    expect(line?.["message"]).toMatch(message);
    expect(line?.["message"]).not.toContain("\n");
    expect(ended.status).toBe(2);
  });
});

describe("--help", () => {
  test("shows the name by which the program was called", async () => {
    expect((await rivulet("--help")).stdout).toMatch(/Sync opik; see rivulet opik --help/);
    const { stdout } = await rivulet("opik", "--help");
    expect(stdout).toMatch(/^rivulet opik \[command\]\n/);
    expect(stdout).toMatch(/rivulet opik --dry-run +read and count, but write nothing/);
    for (const help of [stdout, (await opikSync("status", "--help")).stdout])
      expect(help).not.toContain("$0");
  });
});

test("names the command that rebuilds a driver built for another Node", async () => {
  const message =
    "The module 'better_sqlite3.node'\\nwas compiled against a different Node.js version using NODE_MODULE_VERSION 108.";
  await writeFile(
    join(folder.path, "old.cjs"),
    `process.dlopen = () => { throw Object.assign(new Error("${message}"), { code: "ERR_DLOPEN_FAILED" }); };`,
  );
  const env = { NODE_OPTIONS: "--require ./old.cjs" };
  for (const args of [["sync"], ["status", "--destination", "sqlite:./none.db"]]) {
    const ended = await run("opik-sync", args, { cwd: folder.path, env });
    const [line, ...more] = logLines(ended);
    expect(line?.["message"]).toMatch(/^sqlite:.*: .* run npm rebuild better-sqlite3 \(The module/);
    expect(more).toEqual([]);
    expect(ended.status).toBe(2);
  }
});
