import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, start } from "../support/program.ts";

const megabyte = 1e6;
const placeholder = "LARGE";

// Linux tells the peak of a process while it runs.
test.runIf(process.platform === "linux")(
  "eight rows of 50 MB at once take less than 1 GB",
  { timeout: 240_000 },
  async () => {
    const workspace = new OpikWorkspace();
    for (let number = 1; number <= 8; number += 1) {
      const dataset = workspace.addDataset({ name: `set ${number}` });
      dataset.addItems([{ data: { input: placeholder } }]);
    }
    await using opik = await startOpik({ workspace, intercept: withLargeItems(50 * megabyte) });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url } },
    });
    const { child, ended } = start("opik-sync", ["--destination", "sqlite:./opik.db"], {
      cwd: folder.path,
    });
    const peak = await peakOf(child.pid ?? 0, ended);
    expect((await ended).status).toBe(0);
    expect(peak).toBeGreaterThan(50 * megabyte);
    expect(peak).toBeLessThan(1e9);
  },
);

/** Puts a text of this size in place of each item's placeholder, compressed once. */
function withLargeItems(bytes: number) {
  const large = gzipSync("x".repeat(bytes));
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    delete request.headers["accept-encoding"];
    const end = response.end.bind(response) as (body: unknown) => ServerResponse;
    response.end = ((body: unknown) => {
      const [before, ...after] = String(body).split(placeholder);
      if (before === undefined || after.length === 0) return end(body);
      response.setHeader("content-encoding", "gzip");
      const parts = after.flatMap((text) => [large, gzipSync(text)]);
      return end(Buffer.concat([gzipSync(before), ...parts]));
    }) as typeof response.end;
    next();
  };
}

/** The most memory that a process had until it ended, in bytes. */
async function peakOf(pid: number, ended: Promise<unknown>): Promise<number> {
  let peak = 0;
  const isOver = () => Promise.race([ended.then(() => true), setTimeout(20, false)]);
  while (!(await isOver())) {
    const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(statusOf(pid)) ?? [];
    peak = Math.max(peak, Number(kibibytes ?? 0) * 1024);
  }
  return peak;
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
