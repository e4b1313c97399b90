import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { vi } from "vitest";
import { freePort } from "../../support/embedded-postgres.ts";
import { unpackDebianPackages } from "../debian.ts";
import { runFile } from "../python.ts";

const nobody = 65_534;

/** The program of this machine, or else that of Debian's package; undefined if there is neither. */
export async function findProgram(program: string, aPackage: string): Promise<string | undefined> {
  try {
    await runFile(program, ["--version"]);
    return program;
  } catch {
    const folder = await unpackDebianPackages(aPackage);
    return folder === undefined ? undefined : join(folder, "usr/bin", program);
  }
}

/**
 * Starts a node_exporter that reads the `.prom` files of a folder and nothing else: as another
 * user, if the test may choose.
 */
export async function startNodeExporter(
  program: string,
  folder: string,
): Promise<AsyncDisposable & { readonly scrape: () => Promise<string> }> {
  const port = await freePort();
  const flags = ["--collector.disable-defaults", "--collector.textfile"];
  const child = spawn(
    program,
    [
      ...flags,
      `--collector.textfile.directory=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore", ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}) },
  );
  const scrape = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    return await answer.text();
  };
  await vi.waitFor(scrape, { timeout: 10_000, interval: 50 });
  return {
    scrape,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}
