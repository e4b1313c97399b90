import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, type MeasuredRun } from "../program.ts";
import type { BenchContext } from "../scenario.ts";
import { startServer, type Server } from "../worker.ts";

export const wandbAccess = { entity: "acme", project: "bench", apiKey: "local-key" } as const;

export interface WandbShape {
  readonly runs: number;
  readonly steps: number;
  readonly metrics: number;
  readonly latencyMs: number;
}

/** A stand-in for W&B in a process of its own. */
export function startWandb(shape: WandbShape): Promise<Server> {
  const { project, apiKey } = wandbAccess;
  return startServer("wandb-server", { ...shape, project, apiKey });
}

/** Runs `wandb-sync` to its end. */
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
