import { z } from "zod";
import { startWandb } from "../../test/support/wandb.ts";
import { syntheticHistory } from "../../src/demo/wandb/synthetic-history.ts";
import { WandbWorkspace } from "../../src/demo/wandb/workspace.ts";
import { workerOptions } from "../worker.ts";

/** A W&B service with runs whose histories are made when they are asked for, in a process of its own. */
const { runs, steps, metrics, latencyMs, project, apiKey } = workerOptions(
  z.object({
    runs: z.number(),
    steps: z.number(),
    metrics: z.number(),
    latencyMs: z.number(),
    project: z.string(),
    apiKey: z.string(),
  }),
);

const workspace = new WandbWorkspace();
const home = workspace.addProject({ name: project });
for (let run = 0; run < runs; run += 1) {
  const at = new Date(Date.UTC(2026, 0, 1) + run * 10_000).toISOString();
  home.addRun({
    state: "finished",
    createdAt: at,
    heartbeatAt: at,
    history: syntheticHistory({ run, steps, metrics }),
  });
}
let requests = 0;
const server = await startWandb({
  workspace,
  apiKey,
  traps: latencyMs > 0 ? { latencyMs } : {},
  intercept: (service) => (request, response) => {
    if (request.url.pathname === "/requests") {
      response.end(JSON.stringify(requests));
      return;
    }
    requests += 1;
    return service(request, response);
  },
});
process.stdout.write(`${server.url}\n`);
