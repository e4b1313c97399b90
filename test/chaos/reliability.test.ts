import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { onAny, onPostgres, onSqlite } from "./disturbances.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/internals/reliability.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (?:promise|---)/.test(line));
const held = rows.map((row) => row.split("|")[2] ?? "");
const disturbances = [...onAny, ...onSqlite, ...onPostgres].map(({ name }) => name);

test("every promise is held by a test that exists", () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const text of held) {
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

test("every disturbance holds a promise, and has a name of its own", () => {
  expect(new Set(disturbances).size).toBe(disturbances.length);
  for (const name of disturbances) expect(held.join("\n")).toContain(`\`${name}\``);
});
