import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { newFolder, run } from "../support/program.ts";

test("rivulet demo copies the bundled service into demo.db, twice, and shows what is in it", async () => {
  await using folder = await newFolder();
  const { status, stdout, stderr } = await run("rivulet", ["demo"], { cwd: folder.path });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/opik_dataset_item +2,\d{3} +0 +0 +0 +0/);
  expect(stdout).toMatch(/opik_dataset_item +1 +0 +0 +0 +0/);
  expect(stdout).toMatch(/npx opik-sync init/);
  const db = new Database(`${folder.path}/demo.db`, { readonly: true });
  const items = db.prepare<[], { n: number }>("SELECT count(*) AS n FROM opik_dataset_item").get();
  db.close();
  expect(items?.n).toBeGreaterThan(2000);
  expect(stdout).toMatch(/How many items has each dataset\?\nname +version +items\n\S/);
});
