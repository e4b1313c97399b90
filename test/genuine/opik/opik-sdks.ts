import { join } from "node:path";
import { inject, type TestContext } from "vitest";
import { runFile } from "../python.ts";

/** Where a SDK is, or why it cannot be had. */
type InstalledSdk = { readonly path: string } | { readonly missing: string };

/** The official SDKs. */
export interface OpikSdks {
  /** With the path of an interpreter that has the SDK. */
  readonly python: InstalledSdk;
  /** With the path of a folder that has the SDK in its `node_modules`. */
  readonly npm: InstalledSdk;
}

/** The server that a SDK reads, and a folder for its settings. */
export interface SdkEnvironment {
  readonly url: string;
  /** For a server with a login. */
  readonly login?: { readonly apiKey: string; readonly workspace: string };
  readonly home: string;
}

/** The path of a SDK. Skips the test where there is none. */
export function requireSdk({ skip }: TestContext, name: keyof OpikSdks): string {
  const sdk = inject("opikSdks")[name];
  return "path" in sdk ? sdk.path : skip(`no SDK of Opik for ${name}: ${sdk.missing}`);
}

/** The variables with which SDKs and `opik-sync` find a server. */
export function serverVariables({ url, login }: Omit<SdkEnvironment, "home">) {
  const { apiKey, workspace } = login ?? {};
  return {
    OPIK_URL_OVERRIDE: `${url}/api`,
    ...(apiKey !== undefined && { OPIK_API_KEY: apiKey }),
    ...(workspace !== undefined && { OPIK_WORKSPACE: workspace }),
  };
}

/** Runs Python with the SDK, and returns the lines of JSON that it prints. */
export async function runPythonSdk(
  python: string,
  args: readonly string[],
  environment: SdkEnvironment,
): Promise<readonly string[]> {
  return await runWithSdk(python, args, environment);
}

/** Runs a script of this folder with the SDK from npm, and returns the lines of JSON. */
export async function runNpmSdk(
  folder: string,
  [script, ...args]: readonly [string, ...string[]],
  environment: SdkEnvironment,
): Promise<readonly string[]> {
  const path = join(import.meta.dirname, script);
  return await runWithSdk(process.execPath, [path, folder, ...args], environment);
}

async function runWithSdk(
  file: string,
  args: readonly string[],
  { home, ...server }: SdkEnvironment,
): Promise<readonly string[]> {
  const { PATH, SystemRoot } = process.env;
  const { stdout } = await runFile(file, [...args], {
    env: {
      ...{ PATH, SystemRoot, HOME: home, USERPROFILE: home, TMPDIR: home, PYTHONUTF8: "1" },
      ...serverVariables(server),
      // Nothing is reported to the makers of the SDK.
      ...{ OPIK_SENTRY_ENABLE: "false", OPIK_ANALYTICS_ENABLE: "false" },
    },
    cwd: home,
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  });
  // The SDK from npm logs to the standard output, too.
  return stdout.split("\n").filter((line) => line.startsWith("{"));
}
