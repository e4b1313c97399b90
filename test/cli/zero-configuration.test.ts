import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { newFolder, run } from "../support/program.ts";
import { startWandb } from "../support/wandb.ts";

function withProjects(...names: readonly string[]): WandbWorkspace {
  const workspace = new WandbWorkspace();
  for (const name of names)
    workspace.addProject({ name }).addRun({ state: "finished", config: { name } });
  return workspace;
}

test("a project as argument, a key in the environment and a path are enough for a sync", async () => {
  await using wandb = await startWandb({ workspace: withProjects("digits") });
  await using folder = await newFolder();
  const options = { cwd: folder.path, env: { WANDB_API_KEY: wandb.apiKey } };
  const args = ["acme/digits", "--url", wandb.url, "--destination", "runs.db"];
  const { status, stdout } = await run("wandb-sync", args, options);
  expect(stdout.split("\n")[0]).toBe(
    "api_key: WANDB_API_KEY; base_url: --url; entity, project: ENTITY/PROJECT; destination: --destination",
  );
  expect(stdout).toMatch(/runs +1 /);
  expect(status).toBe(0);
  // To look at it, nothing of the service is needed.
  const looking = { cwd: folder.path };
  for (const command of [["status"], ["state", "show"]]) {
    const ended = await run("wandb-sync", [...command, "--destination", "runs.db"], looking);
    expect(ended).toMatchObject({ status: 0, stderr: "" });
  }
  expect(await run("wandb-sync", ["discover"], looking)).toMatchObject({ status: 0 });
});

test("several projects may be typed, and go before those of the file", async () => {
  await using wandb = await startWandb({ workspace: withProjects("a", "b", "c") });
  const block = { api_key: wandb.apiKey, base_url: wandb.url, entity: "acme", project: "c" };
  await using folder = await newFolder({ "configuration.json": { wandb: block } });
  const sample = await run("wandb-sync", ["sample", "acme/a", "acme/b", "--json"], {
    cwd: folder.path,
  });
  expect(sample.stdout).toMatch(/"project": "a"/);
  expect(sample.stdout).toMatch(/"project": "b"/);
  expect(sample.stdout).not.toMatch(/"project": "c"/);
});

test("variables of .env count, and a key that is refused leaves no database", async () => {
  await using wandb = await startWandb({ workspace: withProjects("digits") });
  const variables = `WANDB_API_KEY=wrong${"0".repeat(40)}\nWANDB_BASE_URL=${wandb.url}\n`;
  await using folder = await newFolder({ ".env": variables });
  const args = ["acme/digits", "--destination", "./runs.db"];
  const refused = await run("wandb-sync", args, { cwd: folder.path });
  expect(refused.stderr).toMatch(/WANDB_API_KEY|api_key/);
  expect(refused.status).toBe(2);
  expect(existsSync(join(folder.path, "runs.db"))).toBe(false);
  const env = { WANDB_API_KEY: wandb.apiKey };
  expect(await run("wandb-sync", args, { cwd: folder.path, env })).toMatchObject({ status: 0 });
});

test.each([
  [["acme/digits", "reset"], /^unexpected argument|ENTITY\/PROJECT/],
  [["reset"], /^unknown command "reset"; did you mean "state reset"\?\nusage: /],
  [["run"], /^unknown command "run"; expected one of sync, check, /],
  [
    ["sync", "--dry"],
    /^--dry: unknown option; did you mean "--dry-run"\?\nusage: wandb-sync sync /,
  ],
  [["--streams", "metric"], /--streams: unknown stream "metric"; did you mean "metrics"\?/],
  [["-q", "-c", "none.json"], /none\.json: no such file/],
])("%j is explained", async (args, message) => {
  await using folder = await newFolder();
  const env = { WANDB_ENTITY: "acme", WANDB_PROJECT: "digits" };
  const ended = await run("wandb-sync", args, { cwd: folder.path, env });
  expect(ended.stderr.replace(/^\{.*?"message":"/, "").replaceAll('\\"', '"')).toMatch(message);
  expect(ended.status).toBe(2);
  expect(existsSync(join(folder.path, "warehouse.db"))).toBe(false);
});

test.each([["-h"], ["-v"], ["version"], ["about", "--no-color", "--verbose"]])(
  "%s works as people expect",
  async (...args) => {
    expect(await run("wandb-sync", args)).toMatchObject({ status: 0, stderr: "" });
  },
);

test("a configuration may come from standard input", async () => {
  const ended = await run("wandb-sync", ["discover", "--config", "-"]);
  expect(ended.stderr).toMatch(/standard input: is empty/);
});
