import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { contents } from "../support/contents.ts";
import { newSqlite } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, run } from "../support/program.ts";

const program = resolve(import.meta.dirname, "../../bin/opik-sync.js");

/** Less than the tables need. Blocks are of 512 bytes, in some shells of 1024. */
const maxBlocks = 1500;

function filled(): OpikWorkspace {
  const workspace = new OpikWorkspace();
  workspace.addProject({ name: "project" });
  for (let d = 0; d < 20; d += 1) {
    const items = Array.from({ length: 100 }, (_, n) => ({
      data: { input: { d, n }, output: "o".repeat(1500) },
    }));
    workspace.addDataset({ name: `set ${d}` }).addItems(items);
  }
  return workspace;
}

describe.skipIf(process.platform === "win32")("a disk without space for a SQLite file", () => {
  test("fails the sync without partial writes, and the next sync completes once there is space", async () => {
    await using opik = await startOpik({ workspace: filled() });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url, concurrency: 1 } },
    });
    const [full, roomy] = [await newSqlite(), await newSqlite()];
    try {
      const args = ["--quiet", "--destination"];
      const limited = promisify(execFile)(
        "sh",
        [
          "-c",
          `ulimit -f ${maxBlocks}; exec "$@"`,
          "sh",
          process.execPath,
          program,
          ...args,
          full.url,
        ],
        { cwd: folder.path },
      );
      await expect(limited).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/the disk (is full|reported an error)/) as string,
      });
      const db = new Database(full.path);
      expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
      db.close();
      for (const { url } of [full, roomy]) {
        const ended = await run("opik-sync", [...args, url], { cwd: folder.path });
        expect(ended).toMatchObject({ status: 0, stderr: "" });
      }
      expect(await contents(full)).toEqual(await contents(roomy));
    } finally {
      await full.drop();
      await roomy.drop();
    }
  });
});
