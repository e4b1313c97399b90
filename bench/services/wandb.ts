import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MeasuredRun, runProgram } from "../program.ts";
import type { BenchContext } from "../scenario.ts";
import { type Server, startServer } from "../worker.ts";

/** The login of the benchmark's W&B server, and its only project. */
export const wandbAccess = { entity: "acme", project: "bench", apiKey: "local-key" } as const;

/** The data and behaviour of a W&B server. */
export interface WandbShape {
  readonly runs: number;
  readonly steps: number;
  readonly metrics: number;
  readonly latencyMs: number;
}

/** Starts a W&B server in its own process. */
export function startWandb(shape: WandbShape): Promise<Server> {
  const { project, apiKey } = wandbAccess;
  return startServer("wandb-server", { ...shape, project, apiKey });
}

/** Runs `wandb-sync`. */
export async function wandbSync(
  { folder }: BenchContext,
  { server, destination }: { readonly server: Server; readonly destination: string },
): Promise<MeasuredRun> {
  const cwd = await mkdtemp(join(folder, "wandb-"));
  const { entity, project, apiKey } = wandbAccess;
  const wandb = { api_key: apiKey, entity, project, base_url: server.url };
  await writeFile(join(cwd, "configuration.json"), JSON.stringify({ destination, wandb }));
  return await runProgram("wandb-sync", ["--log-format=json"], { cwd });
}
