import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const vitest = join(
  dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
  "vitest.mjs",
);

/**
 * Runs the tests in a folder, with these environment variables besides; those that are undefined
 * are left out. The process ends with their exit status.
 */
export function runTests(folder, variables) {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  const child = spawn(process.execPath, [vitest, "run", folder], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...Object.fromEntries(given) },
  });
  child.on("close", (status) => {
    process.exitCode = status ?? 1;
  });
}
