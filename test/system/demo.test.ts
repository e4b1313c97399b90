import { readFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { newFolder, run } from "../support/program.ts";

test("rivulet demo syncs the emulators into demo.db twice, and shows the result", async () => {
  await using folder = await newFolder();
  const { status, stdout, stderr } = await run("rivulet", ["demo"], { cwd: folder.path });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/opik_dataset_item +2,\d{3} +0 +0 +0 +0/);
  expect(stdout).toMatch(/opik_dataset_item +1 +0 +0 +0 +0/);
  expect(stdout).toMatch(/runs +6 +0 +0 +0 +0/);
  expect(stdout).toMatch(/metrics +6\d +0 +0 +0 +0/);
  expect(stdout).toMatch(/How many items does each dataset have\?\nname +version +items\n\S/);
  expect(stdout).toMatch(/too-hot +failed +200/);
  expect(stdout).toMatch(/users +517 +0 +0 +0 +0/);
  expect(stdout).toMatch(/users +2 +0 +4 +0 +0/);
  expect(stdout).toMatch(/Trail Maps +261/);
  expect(stdout).toMatch(/Your own data: rivulet opik init,/);
  const db = new Database(`${folder.path}/demo.db`, { readonly: true });
  const count = (table: string) =>
    db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n;
  expect(count("opik_dataset_item")).toBeGreaterThan(2000);
  expect(count("metrics WHERE metric_name = 'val.loss'")).toBe(98);
  expect(count("metrics WHERE value_json = '\"NaN\"'")).toBeGreaterThan(0);
  db.close();
});

test("the plot that the README shows is what its command draws after the demo", async () => {
  const readme = await readFile("README.md", "utf8");
  const [, args = ""] = /wandb-sync (plot .*)/.exec(readme) ?? [];
  const [, shown] = /```text\n([^]*?)```/.exec(readme) ?? [];
  await using folder = await newFolder();
  await run("rivulet", ["demo"], { cwd: folder.path });
  const { stdout } = await run("wandb-sync", args.split(" "), { cwd: folder.path });
  expect(stdout.trimStart()).toBe(shown?.trimStart());
});

test("the plot command that the demo suggests draws curves from its database", async () => {
  await using folder = await newFolder();
  const { stdout } = await run("rivulet", ["demo"], { cwd: folder.path });
  const [, line = ""] = /Plot more: rivulet wandb (plot .*)$/m.exec(stdout) ?? [];
  const plot = await run("wandb-sync", line.split(" "), { cwd: folder.path });
  expect(plot).toMatchObject({ status: 0, stderr: "" });
  expect(plot.stdout).toMatch(/warmup \(8d0qwe12\) val\.loss/);
});

test("no line of the demo is wider than 80 columns", async () => {
  await using folder = await newFolder();
  const { stdout } = await run("rivulet", ["demo"], { cwd: folder.path });
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});
