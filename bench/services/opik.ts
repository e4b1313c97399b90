import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OpikShape } from "./opik-pages.ts";
import { runProgram, type MeasuredRun, type RunOptions } from "../program.ts";
import type { BenchContext } from "../scenario.ts";
import { startServer, type Server } from "../worker.ts";

export const itemTable = "opik_dataset_item";

export interface OpikOptions extends Partial<OpikShape> {
  readonly latencyMs?: number;
  readonly keep?: boolean;
}

const defaultShape: OpikShape = {
  datasets: 1,
  itemsPerDataset: 200_000,
  pageSize: 1000,
  ids: "random",
  itemBytes: 400,
};

/** A stand-in for Opik in a process of its own: by default 200,000 items of about 400 bytes with random ids, 1,000 a page. */
export function startOpik(options: OpikOptions): Promise<Server> {
  return startServer("opik-server", { ...defaultShape, ...options });
}

/** Makes a configuration and gives what runs `opik-sync` with it. */
export async function opikProgram(
  { folder }: BenchContext,
  options: { readonly server: Server; readonly destination: string; readonly pageSize?: number },
): Promise<(args?: readonly string[], run?: RunOptions) => Promise<MeasuredRun>> {
  const { server, destination, pageSize = defaultShape.pageSize } = options;
  const cwd = await mkdtemp(join(folder, "opik-"));
  const opik = { base_url: server.url, page_size: pageSize };
  await writeFile(join(cwd, "configuration.json"), JSON.stringify({ destination, opik }));
  return (args = [], run = {}) =>
    runProgram("opik-sync", [...args, "--log-format=json"], { cwd, ...run });
}
