import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importViolations } from "./support/import-law.ts";

const root = resolve(import.meta.dirname, "..");

test("the code keeps the import law, without a circle of files or folders", async () => {
  expect(await importViolations(root)).toEqual([]);
});

/** What the law says about a project of these files, given as path and first line. */
async function violationsIn(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-imports-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "migrations"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${text}\nexport type Own = string;\n`);
  }
  return await importViolations(folder);
}

test("the law names an import that goes up, and what to do", async () => {
  const found = await violationsIn({
    "src/core/row.ts": 'import type { Own } from "../engine/sync.ts";',
    "src/engine/sync.ts": "",
  });
  expect(found).toEqual([
    "src/core/row.ts -> src/engine/sync.ts: core imports nothing of ours: move the import's target down, or pass the value in",
  ]);
});

test("the law sees an import that is only loaded when it is needed", async () => {
  const found = await violationsIn({
    "src/engine/sync.ts": 'export const open = () => import("../destination/open.ts");',
    "src/destination/open.ts": "",
  });
  expect(found).toEqual([
    expect.stringMatching(/^src\/engine\/sync.ts -> src\/destination\/open.ts: /),
  ]);
});

test("engine and destination never import each other", async () => {
  const found = await violationsIn({
    "src/destination/open.ts": 'export type { Own } from "../engine/sync.ts";',
    "src/engine/sync.ts": "",
  });
  expect(found).toEqual([
    expect.stringMatching(/^src\/destination\/open.ts -> src\/engine\/sync.ts: /),
  ]);
});

test("sources never import each other", async () => {
  const found = await violationsIn({
    "src/sources/opik/source.ts": 'import type { Own } from "../wandb/source.ts";',
    "src/sources/wandb/source.ts": "",
  });
  expect(found).toEqual([expect.stringContaining("sources never import each other")]);
});

test("a circle of files is found, also one of types alone", async () => {
  const found = await violationsIn({
    "src/core/a.ts": 'import type { Own } from "./b.ts";',
    "src/core/b.ts": 'import type { Own } from "./c.ts";',
    "src/core/c.ts": 'import type { Own } from "./a.ts";',
  });
  expect(found).toContain(
    "src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts: files import each other in a circle: move what both need down, into a file that imports neither",
  );
});

test("a circle of folders is found where no file is in a circle, with its imports", async () => {
  const found = await violationsIn({
    "src/http/client.ts": 'import type { Own } from "./paging/size.ts";',
    "src/http/url.ts": "",
    "src/http/paging/page.ts": 'import type { Own } from "../url.ts";',
    "src/http/paging/size.ts": "",
  });
  const todo =
    "their folders import each other in a circle: move what both need down, into a file that imports neither";
  expect(found).toEqual([
    `src/http/client.ts -> src/http/paging/size.ts: ${todo}`,
    `src/http/paging/page.ts -> src/http/url.ts: ${todo}`,
  ]);
});

test("no file is a barrel, a helper or a collection of types", () => {
  const names = ["src", "migrations"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }),
  );
  expect(names.length).toBeGreaterThan(300);
  const unclear = /(^|[\\/])(index|utils?|helpers?|types|constants)\.ts$/;
  expect(names.filter((name) => unclear.test(name))).toEqual([]);
});
