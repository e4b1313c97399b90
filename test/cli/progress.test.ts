import { afterEach, beforeEach, expect, test } from "vitest";
import { newFolder, run } from "../support/program.ts";
import { runOnTerminal, hasTerminal } from "../support/terminal.ts";
import { startWandb, type Wandb } from "../support/wandb.ts";

let wandb: Wandb;
let folder: Awaited<ReturnType<typeof newFolder>>;

/** A project whose first history request is rate-limited. */
beforeEach(async () => {
  let refused = false;
  wandb = await startWandb({
    intercept: (service) => (request, response) => {
      if (refused || !request.body.includes("query History")) return service(request, response);
      refused = true;
      response.writeHead(429, { "RateLimit-Reset": "1" }).end("{}");
    },
  });
  const project = wandb.workspace.addProject({ name: "vision" });
  for (let runs = 0; runs < 12; runs += 1) project.addRun().log({ loss: 1 });
  const settings = { base_url: wandb.url, api_key: wandb.apiKey, entity: "acme" };
  folder = await newFolder({ "configuration.json": { wandb: { ...settings, project: "vision" } } });
});
afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test.runIf(hasTerminal)(
  "a terminal shows each stream's progress in its own units, and why it waits",
  async () => {
    const { stdout } = await runOnTerminal("wandb-sync", [], { cwd: folder.path, steps: [] });
    expect(stdout).toMatch(/runs {2}█{20} {2}12 of 12 runs {2}[\d,]+ runs\/s/);
    expect(stdout).toMatch(/metrics .*paused by the service for 1 s/);
    expect(stdout).toMatch(/metrics +12 +0 +0 +0 +0/);
  },
);

test("shows no progress without a terminal", async () => {
  const args = ["--log-format", "pretty"];
  const { stdout, stderr } = await run("wandb-sync", args, { cwd: folder.path });
  expect(stdout).toMatch(/metrics +12 +0 +0 +0 +0/);
  expect(stderr).toBe("");
});
