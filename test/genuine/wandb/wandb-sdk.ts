import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { inject, type TestContext } from "vitest";

/** The Python interpreter that has the official SDK, or why there is none. */
export type WandbSdk = { readonly python: string } | { readonly missing: string };

/** The server that the SDK reads, and a folder for its settings and caches. */
interface SdkEnvironment {
  readonly url: string;
  readonly apiKey: string;
  readonly home: string;
}

/** The interpreter that has the SDK. Skips the test where there is none. */
export function requirePython({ skip }: TestContext): string {
  const sdk = inject("wandbSdk");
  return "python" in sdk ? sdk.python : skip(`no SDK of W&B: ${sdk.missing}`);
}

/** Runs a script of this folder with the SDK, and returns the lines that it prints. */
export async function runSdkScript(
  python: string,
  [script, ...args]: readonly [string, ...string[]],
  { url, apiKey, home }: SdkEnvironment,
): Promise<readonly string[]> {
  const printed = await runPython(python, [join(import.meta.dirname, script), ...args], {
    ...homeVariables(home),
    ...{ WANDB_BASE_URL: url, WANDB_API_KEY: apiKey },
  });
  return printed.split("\n").filter((line) => line !== "");
}

/** Runs `wandb login`, which saves the key and the server in the home folder. */
export async function loginWithSdk(
  python: string,
  { url, apiKey, home }: SdkEnvironment,
): Promise<void> {
  await runPython(python, ["-m", "wandb", "login", "--host", url, apiKey], homeVariables(home));
}

function homeVariables(home: string) {
  return { HOME: home, USERPROFILE: home, TMPDIR: home };
}

async function runPython(
  python: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const { PATH, SystemRoot } = process.env;
  const { stdout } = await promisify(execFile)(python, [...args], {
    env: {
      ...{ PATH, SystemRoot, ...variables, PYTHONUTF8: "1", WANDB_SILENT: "true" },
      // Crashes of the SDK are not reported to its makers.
      WANDB_ERROR_REPORTING: "false",
    },
    maxBuffer: 2 ** 28,
    timeout: 60_000,
  });
  return stdout;
}
