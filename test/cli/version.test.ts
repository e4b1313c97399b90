import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { listen } from "../../src/emulators/http-server.ts";
import { opikService } from "../../src/emulators/opik/service.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { newFolder, run } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");

/** What a build writes into the program that it makes from the sources in a folder. */
async function versionBuiltIn(folder: string): Promise<string> {
  const script = join(root, "scripts/build-version.js");
  const built = (await import(script)) as { readonly buildVersion: (folder: string) => string };
  return built.buildVersion(folder);
}

test("--version, the requests and the table of syncs show the version and its commit", async () => {
  const service = opikService(new OpikWorkspace(), { faults: {}, requests: [] });
  const agents = new Set<string | undefined>();
  await using opik = await listen((request, response) => {
    agents.add(request.headers["user-agent"]);
    service(request, response);
  });
  await using folder = await newFolder({
    "configuration.json": { opik: { base_url: opik.url, retry_attempts: 0 } },
  });
  const opikSync = (...args: string[]) => run("opik-sync", args, { cwd: folder.path });
  const text = await readFile(join(root, "package.json"), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  const shown = (await opikSync("--version")).stdout.trim();
  // A copy of the project without its repository may have been built there, or here.
  const commit = existsSync(join(root, ".git")) ? /^\+[0-9a-f]{7,}(-dirty)?$/ : /^(\+|$)/;
  expect(shown.startsWith(version)).toBe(true);
  expect(shown.slice(version.length)).toMatch(commit);
  expect(await opikSync("sync")).toMatchObject({ status: 0 });
  expect([...agents]).toEqual([`rivulet/${shown}`]);
  const db = new Database(join(folder.path, "warehouse.db"));
  const versions = db.prepare("SELECT version FROM _rivulet_sync").pluck().all();
  db.close();
  expect(versions).toEqual([shown]);
});

test("a build has the commit of its own clone, and none without one", async () => {
  await using folder = await newFolder({ "package.json": { version: "1.2.3" } });
  expect(await versionBuiltIn(folder.path)).toBe("1.2.3");
  const identity = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
  const git = (...args: string[]): string =>
    execFileSync("git", [...identity, ...args], { cwd: folder.path, encoding: "utf8" }).trim();
  git("init", "--quiet");
  git("add", "package.json");
  git("commit", "--quiet", "--message", "first");
  const built = `1.2.3+${git("rev-parse", "--short", "HEAD")}`;
  git("tag", "v1.2.3");
  expect(await versionBuiltIn(folder.path)).toBe(built);
  const inside = join(folder.path, "extracted");
  await mkdir(inside);
  await writeFile(join(inside, "package.json"), `{"version": "1.2.3"}`);
  expect(await versionBuiltIn(inside)).toBe("1.2.3");
  await writeFile(join(folder.path, "package.json"), `{ "version": "1.2.3" }`);
  expect(await versionBuiltIn(folder.path)).toBe(`${built}-dirty`);
});
