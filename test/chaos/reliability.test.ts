import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { onAny, onPostgres, onSqlite } from "./disturbances.ts";

const root = resolve(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/internals/reliability.md"), "utf8");
const rows = document
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (?:promise|---)/.test(line));
const proofs = rows.map((row) => row.split("|")[2] ?? "");
const disturbances = [...onAny, ...onSqlite, ...onPostgres].map(({ name }) => name);

test("every promise names existing tests or disturbances", () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const text of proofs) {
    const names = [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    expect(names, text).not.toEqual([]);
    for (const name of names) {
      if (name.startsWith("test/")) expect(existsSync(join(root, name)), name).toBe(true);
      else expect(disturbances).toContain(name);
    }
    for (const [, title = "", file = ""] of text.matchAll(/"([^"]+)"[^;|]*? in `([^`]+)`/g)) {
      expect(readFileSync(join(root, file), "utf8")).toContain(title);
    }
  }
});

test("every disturbance has a unique name and proves a promise", () => {
  expect(new Set(disturbances).size).toBe(disturbances.length);
  for (const name of disturbances) expect(proofs.join("\n")).toContain(`\`${name}\``);
});
