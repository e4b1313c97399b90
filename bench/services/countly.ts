import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MeasuredRun, runProgram } from "../program.ts";
import type { BenchContext } from "../scenario.ts";
import { type Server, startServer } from "../worker.ts";

/** The login of the benchmark's Countly emulator. */
export const countlyAccess = { apiKey: "0123456789abcdef0123456789abcdef" } as const;

interface CountlyShape {
  readonly apps: number;
  /** Users per app. */
  readonly users: number;
}

/** Starts a Countly emulator in its own process. */
export function startCountly(shape: CountlyShape): Promise<Server> {
  return startServer("countly-server", shape);
}

/** Writes a configuration for all apps and returns a function that runs `countly-sync` with it. */
export async function countlyProgram(
  { folder }: BenchContext,
  { server, destination }: { readonly server: Server; readonly destination: string },
): Promise<() => Promise<MeasuredRun>> {
  const cwd = await mkdtemp(join(folder, "countly-"));
  const countly = {
    ...{ base_url: server.url, api_key: countlyAccess.apiKey, app_id: "*" },
    ...{ enable_groups_sync: false, max_records_per_page: 1000, lookback_minutes: 0 },
  };
  await writeFile(join(cwd, "configuration.json"), JSON.stringify({ destination, countly }));
  return () => runProgram("countly-sync", ["--log-format=json"], { cwd });
}
