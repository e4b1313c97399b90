import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, run, start } from "../support/program.ts";
import { startWandb } from "../support/wandb.ts";

function wandbWorkspace(): WandbWorkspace {
  const workspace = new WandbWorkspace();
  for (const name of ["digits", "letters"])
    workspace.addProject({ name }).addRun({ state: "finished", config: { name } });
  return workspace;
}

function rows(folder: string, file: string, table: string): number {
  const database = new Database(join(folder, file), { readonly: true });
  try {
    const found = database.prepare(`select count(*) as n from ${table}`).get() as { n: number };
    return found.n;
  } finally {
    database.close();
  }
}

test("rivulet sync copies every pipeline, and one that fails does not hold up the others", async () => {
  await using wandb = await startWandb({ workspace: wandbWorkspace() });
  await using opik = await startOpik({ workspace: new OpikWorkspace() });
  const login = { api_key: wandb.apiKey, base_url: wandb.url, entity: "acme" };
  const configuration = {
    wandb: [
      { name: "digits", destination: "digits.db", ...login, project: "digits" },
      { name: "broken", destination: "broken.db", ...login, project: "no-such-project" },
      { name: "letters", destination: "letters.db", ...login, project: "letters" },
    ],
    opik: { base_url: `${opik.url}/api`, destination: "opik.db" },
  };
  await using folder = await newFolder({ "configuration.json": configuration });
  const cwd = folder.path;
  for (const more of [[], ["--parallel", "3"]]) {
    const { status, stdout, stderr } = await run("rivulet", ["sync", ...more], { cwd });
    expect(stdout).toMatch(/^digits +completed +0 /m);
    expect(stdout).toMatch(/^broken +failed +2 /m);
    expect(stdout).toMatch(/^letters +completed +0 /m);
    expect(stdout).toMatch(/^opik +completed +0 /m);
    expect(stderr).toMatch(/"broken: .*no-such-project/);
    expect(status).toBe(2);
  }
  expect([rows(cwd, "digits.db", "runs"), rows(cwd, "letters.db", "runs")]).toEqual([1, 1]);
  const chosen = ["sync", "--pipeline", "letters,digits", "--metrics-file", "rivulet.prom"];
  const two = await run("rivulet", chosen, { cwd });
  expect(two.status).toBe(0);
  const metrics = await readFile(join(cwd, "rivulet.prom"), "utf8");
  for (const name of ["letters", "digits"]) expect(metrics).toContain(`pipeline="${name}"`);
  expect(two.stdout).not.toMatch(/broken/);
  const sql = ["SELECT name FROM opik_project LIMIT 0", "SELECT count(*) FROM runs"];
  for (const [args, message] of [
    [["opik", "query", sql[0] ?? ""], /^name$/m],
    [["wandb", "query", sql[1] ?? "", "--pipeline", "letters"], /^1$/m],
    [["query", sql[1] ?? "", "--pipeline", "digits"], /^1$/m],
    [["query", sql[1] ?? ""], /have destinations of their own \(opik, digits, broken, letters\)/],
  ] as const) {
    const { stdout, stderr } = await run("rivulet", args, { cwd });
    expect(`${stdout}${stderr}`).toMatch(message);
  }
  const status = await run("wandb-sync", ["status", "--pipeline", "letters"], { cwd });
  expect(status.stdout.match(/completed/g)).toHaveLength(3);
});

test.each([
  [["sync", "--pipeline", "vison"], /--pipeline: no pipeline "vison"; did you mean "vision"\?/],
  [["sync", "--full-refresh"], /--full-refresh: is for one pipeline; add --pipeline vision/],
  [
    ["wandb", "status"],
    /there are several pipelines \(vision, text\); name one: --pipeline vision/,
  ],
  [
    ["wandb", "check", "--pipeline", "x"],
    /--pipeline: no pipeline "x"; expected one of vision, text/,
  ],
])("rivulet %j is explained", async (args, message) => {
  const block = { entity: "acme", project: "digits" };
  const wandb = [
    { name: "vision", ...block },
    { name: "text", ...block },
  ];
  await using folder = await newFolder({ "configuration.json": { wandb } });
  const { status, stdout, stderr } = await run("rivulet", args, { cwd: folder.path });
  expect(`${stdout}${stderr}`.replaceAll('\\"', '"')).toMatch(message);
  expect(status).toBe(2);
});

test("validate checks every pipeline without variables and connections", async () => {
  const block = { api_key: "${NO_SUCH_KEY}", entity: "acme", project: "digits" };
  const wandb = [
    { name: "one", ...block },
    { name: "two", ...block },
    { name: "three", ...block, page_size: 0, destination: "three.db" },
    { name: "four", ...block, destination: "four.db" },
  ];
  await using folder = await newFolder({ "configuration.json": { wandb } });
  for (const args of [["validate"], ["wandb", "validate"]]) {
    const { status, stdout } = await run("rivulet", args, { cwd: folder.path });
    expect(stdout.trimEnd().split("\n")).toEqual([
      "ok      one",
      expect.stringMatching(/^failed {2}two: has the destination of "one", and two pipelines/),
      expect.stringMatching(/^failed {2}three: .*wandb\.2\.page_size: expected a whole number/),
      "ok      four",
    ]);
    expect(status).toBe(2);
  }
});

test.each([
  [[{ entity: "a" }], /wandb\.0\.name: missing; each block of a list is a pipeline with a name/],
  [[{ name: "a" }, { name: "a" }], /wandb: two pipelines have the name "a"; rename one/],
  [["a"], /wandb\.0: expected an object/],
])("blocks %j are refused", async (wandb, message) => {
  await using folder = await newFolder({ "configuration.json": { wandb } });
  const { status, stderr } = await run("rivulet", ["sync"], { cwd: folder.path });
  expect(stderr.replaceAll('\\"', '"')).toMatch(message);
  expect(status).toBe(2);
});

test("--every syncs again and again, goes on after a failure, and ends on SIGTERM", async () => {
  await using wandb = await startWandb({ workspace: wandbWorkspace() });
  const login = { api_key: wandb.apiKey, base_url: wandb.url, entity: "acme", project: "digits" };
  const block = { ...login, retry_attempts: 0 };
  await using folder = await newFolder({ "configuration.json": { wandb: block } });
  const options = { cwd: folder.path };
  const { child, ended } = start("wandb-sync", ["--every", "1s"], options);
  const syncs = async (count: number): Promise<string> => {
    for (;;) {
      const { stdout } = await run("wandb-sync", ["status", "--limit", "99", "--json"], options);
      if ((stdout.match(/"startedAt"/g)?.length ?? 0) >= count) return stdout;
      await setTimeout(200);
    }
  };
  await syncs(1);
  wandb.faults.nextResponses = Array.from({ length: 100 }, () => ({ status: 503, text: "" }));
  await syncs(3);
  delete wandb.faults.nextResponses;
  await syncs(5);
  child.kill("SIGTERM");
  const killedAt = Date.now();
  expect((await ended).status).toBe(143);
  expect(Date.now() - killedAt).toBeLessThan(5000);
  const age = (time: string) => run("wandb-sync", ["status", "--max-age", time], options);
  expect(await age("1h")).toMatchObject({ status: 0 });
  await setTimeout(1100);
  expect(await age("1s")).toMatchObject({ status: 1 });
});
