import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MeasuredRun, type RunOptions, runProgram } from "../program.ts";
import type { BenchContext } from "../scenario.ts";
import { type Server, startServer } from "../worker.ts";
import type { OpikShape } from "./opik-pages.ts";

/** The table of dataset items. */
export const itemTable = "opik_dataset_item";

/** The data and behaviour of an Opik server. */
export interface OpikOptions extends Partial<OpikShape> {
  readonly latencyMs?: number;
  /** Keep all pages in memory (default), or build each one when it is requested. */
  readonly keepPages?: boolean;
}

const defaultShape: OpikShape = {
  datasets: 1,
  itemsPerDataset: 200_000,
  pageSize: 1000,
  ids: "random",
  itemBytes: 400,
};

/** Starts an Opik server in its own process; see `defaultShape` for its data. */
export function startOpik(options: OpikOptions): Promise<Server> {
  return startServer("opik-server", { ...defaultShape, ...options });
}

/** Writes a configuration and returns a function that runs `opik-sync` with it. */
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
