import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { read, root } from "../../docs/markdown.ts";

const spec = read("src/sources/wandb/SPEC.md");

test("the specification names only files that exist", () => {
  const files = [...spec.matchAll(/`((?:src|test)\/[^`]+)`/g)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("every invariant is proven by tests that exist", () => {
  const invariants = spec.split("## Invariants")[1]?.match(/^\| (?!always|---).*$/gm) ?? [];
  expect(invariants.length).toBeGreaterThan(20);
  for (const invariant of invariants) {
    const proofs = [...invariant.matchAll(/"([^"]+)"[^`]*? in `(test\/[^`]+)`/g)];
    expect(proofs, invariant).not.toEqual([]);
    for (const [, title = "", file = ""] of proofs)
      expect(readFileSync(join(root, file), "utf8")).toContain(title);
  }
});
