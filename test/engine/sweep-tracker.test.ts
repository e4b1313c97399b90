import fc from "fast-check";
import { expect, test } from "vitest";
import type { Sweep } from "../../src/core/source.ts";
import { SweepTracker } from "../../src/engine/sweep-tracker.ts";

/** What a destination does: rows first, then the sweep. */
function apply(table: Set<string>, keys: readonly string[], sweep: Sweep | undefined): void {
  for (const key of keys) table.add(key);
  if (!sweep) return;
  const kept = new Set(sweep.keys.map(([only]) => only));
  for (const key of table) {
    const { from, below } = sweep.range ?? {};
    const inRange = (from == null || key >= from) && (below == null || key < below);
    if (inRange && !kept.has(key)) table.delete(key);
  }
}

const key = "id";
const id = fc.stringMatching(/^[a-e]{1,3}$/);
const keys = fc.uniqueArray(id, { maxLength: 30 });

test("after a walk in any order and pages of any size, exactly the keys of the walk stand", () => {
  const orders = fc.constantFrom("descending", "ascending", "as they come");
  fc.assert(
    fc.property(keys, keys, orders, fc.integer({ min: 1, max: 7 }), (before, now, order, size) => {
      const listed = order === "as they come" ? now : now.toSorted().reverse();
      if (order === "ascending") listed.reverse();
      const table = new Set(before);
      const walk = new SweepTracker({ key });
      for (let at = 0; at < listed.length; at += size) {
        const page = listed.slice(at, at + size);
        apply(table, page, walk.addPage(page));
      }
      apply(table, [], walk.finish());
      expect([...table].sort()).toEqual(now.toSorted());
    }),
  );
});

test("a walk in descending order is resumed in the middle", () => {
  const table = new Set(["z", "x", "q", "b", "a"]);
  const first = new SweepTracker({ key });
  apply(table, ["y", "m"], first.addPage(["y", "m"]));
  const second = new SweepTracker({ key, resume: first.resume });
  apply(table, ["c", "a"], second.addPage(["c", "a"]));
  apply(table, [], second.finish());
  expect([...table].sort()).toEqual(["a", "c", "m", "y"]);
});

test("a walk whose order broke cannot be resumed", () => {
  const walk = new SweepTracker({ key });
  walk.addPage(["d", "c"]);
  expect(walk.resume).toEqual({ below: "c", keys: 2 });
  walk.addPage(["e"]);
  expect(walk.resume).toBeUndefined();
});

test("an empty walk clears everything in its scope", () => {
  expect(new SweepTracker({ key, where: { dataset_id: "d" } }).finish()).toEqual({
    where: { dataset_id: "d" },
    range: { column: "id" },
    keys: [],
  });
});

test("a walk that could not see something clears nothing from there on, and cannot be resumed", () => {
  const walk = new SweepTracker({ key });
  walk.addPage(["d", "c"]);
  walk.markIncomplete();
  expect(walk.addPage(["b", "a"])).toBeUndefined();
  expect(walk.resume).toBeUndefined();
  expect(walk.isIncomplete).toBe(true);
});

test("keys whose order of bytes is another than that of the text are never swept by ranges", () => {
  const walk = new SweepTracker({ key });
  expect(walk.addPage(["\ud800", "b"])).toBeUndefined();
  expect(walk.finish().keys).toEqual([["\ud800"], ["b"]]);
});

test("a walk counts the keys that are certainly different", () => {
  const walk = new SweepTracker({ key });
  walk.addPage(["d", "c"]);
  expect(walk.distinctKeys).toBe(2);
  walk.addPage(["c", "b", "b"]);
  expect(walk.distinctKeys).toBe(3);
});
