import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** The Python interpreter that has the official SDK, or why there is none. */
export type WandbSdk = { readonly python: string } | { readonly missing: string };

/** The server that the SDK reads, and a folder for its settings and caches. */
interface SdkEnvironment {
  readonly url: string;
  readonly apiKey: string;
  readonly home: string;
}

/** Runs a script of this folder with the SDK, and returns the lines that it prints. */
export async function runSdkScript(
  python: string,
  [script, ...args]: readonly [string, ...string[]],
  { url, apiKey, home }: SdkEnvironment,
): Promise<readonly string[]> {
  const path = join(import.meta.dirname, script);
  const { stdout } = await promisify(execFile)(python, [path, ...args], {
    env: {
      ...{ PATH: process.env["PATH"], SystemRoot: process.env["SystemRoot"] },
      ...{ HOME: home, USERPROFILE: home, PYTHONUTF8: "1" },
      ...{ WANDB_BASE_URL: url, WANDB_API_KEY: apiKey, WANDB_SILENT: "true" },
      // Crashes of the SDK are not reported to its makers.
      WANDB_ERROR_REPORTING: "false",
    },
    maxBuffer: 2 ** 28,
    timeout: 60_000,
  });
  return stdout.split("\n").filter((line) => line !== "");
}
