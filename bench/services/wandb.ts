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

/** Changes the project of a server: renames a run, or uploads one that was logged offline. */
export async function changeProject({ url }: Server, change: "rename" | "upload"): Promise<void> {
  const { ok } = await fetch(`${url}/${change}`);
  if (!ok) throw new Error(`the server did not ${change}`);
}

/** What a server has answered so far. */
interface Answered {
  readonly requests: number;
  /** Lines of histories. */
  readonly lines: number;
}

/** A sync, and what it asked for. */
export interface WandbSync extends Answered {
  readonly run: MeasuredRun;
}

/** Runs `wandb-sync`. */
export async function wandbSync(
  { folder }: BenchContext,
  { server, destination }: { readonly server: Server; readonly destination: string },
): Promise<WandbSync> {
  const cwd = await mkdtemp(join(folder, "wandb-"));
  const { entity, project, apiKey } = wandbAccess;
  const wandb = { api_key: apiKey, entity, project, base_url: server.url };
  await writeFile(join(cwd, "configuration.json"), JSON.stringify({ destination, wandb }));
  const before = await answeredBy(server);
  const run = await runProgram("wandb-sync", ["--log-format=json"], { cwd });
  const after = await answeredBy(server);
  return {
    run,
    requests: after.requests - before.requests,
    lines: after.lines - before.lines,
  };
}

async function answeredBy({ url }: Server): Promise<Answered> {
  const [requests = 0, lines = 0] = await Promise.all(
    ["requests", "lines"].map(async (name) => Number(await (await fetch(`${url}/${name}`)).text())),
  );
  return { requests, lines };
}
