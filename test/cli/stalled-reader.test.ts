import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder } from "../support/program.ts";

const bin = resolve(import.meta.dirname, "../../bin");

/** Starts a program whose output nobody reads, so that it has to wait. */
function startUnread(name: string, args: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [`${bin}/${name}.js`, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir() },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  return { child, exit: once(child, "exit") };
}

/** Far more than fits into a pipe. */
const padding = "o".repeat(20_000);

describe.runIf(process.platform !== "win32")("a reader that stalls", () => {
  test("does not keep a tap from ending with 143", async () => {
    const workspace = new OpikWorkspace();
    const items = Array.from({ length: 200 }, (_, n) => ({ data: { n, padding } }));
    workspace.addDataset({ name: "large" }).addItems(items);
    await using opik = await startOpik({ workspace });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url, page_size: 10 } },
    });
    const { child, exit } = startUnread("opik-sync", ["tap", "--quiet"], folder.path);
    await once(child.stdout, "readable");
    // Until it waits for its reader, it requests more.
    let seen = -1;
    while (seen < opik.requests.length) {
      seen = opik.requests.length;
      await wait(1000);
    }
    child.kill("SIGTERM");
    expect(await exit).toEqual([143, null]);
  });

  test("does not keep a target from ending with 143", async () => {
    await using folder = await newFolder();
    const { child, exit } = startUnread("rivulet", ["target"], folder.path);
    const state = { type: "STATE", value: "o".repeat(2 ** 20) };
    child.stdin.write(`${JSON.stringify(state)}\n`);
    await once(child.stdout, "readable");
    await wait(1000);
    child.kill("SIGTERM");
    expect(await exit).toEqual([143, null]);
  });
});
