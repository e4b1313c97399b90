import fc from "fast-check";
import { expect, test } from "vitest";
import type { Sweep } from "../../src/core/source.ts";
import { SweepTracker } from "../../src/engine/sweep-tracker.ts";

/** Does what a destination does: upserts the rows, then sweeps. */
function apply(table: Set<string>, keys: readonly string[], sweep: Sweep | undefined): void {
  for (const key of keys) table.add(key);
  if (!sweep) return;
  const listed = new Set(sweep.keys.map(([only]) => only));
  for (const key of table) {
    const { from, below } = sweep.range ?? {};
    const inRange = (from == null || key >= from) && (below == null || key < below);
    if (inRange && !listed.has(key)) table.delete(key);
  }
}

const key = "id";
const id = fc.stringMatching(/^[a-e]{1,3}$/);
const keys = fc.uniqueArray(id, { maxLength: 30 });

test("after a traversal in any order and page size, exactly its keys remain", () => {
  const orders = fc.constantFrom("descending", "ascending", "random");
  fc.assert(
    fc.property(keys, keys, orders, fc.integer({ min: 1, max: 7 }), (before, now, order, size) => {
      const listed = order === "random" ? now : now.toSorted().reverse();
      if (order === "ascending") listed.reverse();
      const table = new Set(before);
      const tracker = new SweepTracker({ key });
      for (let at = 0; at < listed.length; at += size) {
        const page = listed.slice(at, at + size);
        apply(table, page, tracker.addPage(page));
      }
      apply(table, [], tracker.finish());
      expect([...table].sort()).toEqual(now.toSorted());
    }),
  );
});

test("a traversal in descending order can be resumed anywhere", () => {
  const table = new Set(["z", "x", "q", "b", "a"]);
  const first = new SweepTracker({ key });
  apply(table, ["y", "m"], first.addPage(["y", "m"]));
  const second = new SweepTracker({ key, resume: first.resume });
  apply(table, ["c", "a"], second.addPage(["c", "a"]));
  apply(table, [], second.finish());
  expect([...table].sort()).toEqual(["a", "c", "m", "y"]);
});

test("a traversal whose order broke cannot be resumed", () => {
  const tracker = new SweepTracker({ key });
  tracker.addPage(["d", "c"]);
  expect(tracker.resume).toEqual({ below: "c", keys: 2 });
  tracker.addPage(["e"]);
  expect(tracker.resume).toBeUndefined();
});

test("an empty traversal sweeps its whole scope", () => {
  expect(new SweepTracker({ key, where: { dataset_id: "d" } }).finish()).toEqual({
    where: { dataset_id: "d" },
    range: { column: "id" },
    keys: [],
  });
});

test("once marked incomplete, a traversal sweeps nothing more and cannot be resumed", () => {
  const tracker = new SweepTracker({ key });
  tracker.addPage(["d", "c"]);
  tracker.markIncomplete();
  expect(tracker.addPage(["b", "a"])).toBeUndefined();
  expect(tracker.resume).toBeUndefined();
  expect(tracker.isIncomplete).toBe(true);
});

test("keys whose byte order differs from their text order are never swept by ranges", () => {
  const tracker = new SweepTracker({ key });
  expect(tracker.addPage(["\ud800", "b"])).toBeUndefined();
  expect(tracker.finish().keys).toEqual([["\ud800"], ["b"]]);
});

test("counts the keys that are certainly distinct", () => {
  const tracker = new SweepTracker({ key });
  tracker.addPage(["d", "c"]);
  expect(tracker.distinctKeys).toBe(2);
  tracker.addPage(["c", "b", "b"]);
  expect(tracker.distinctKeys).toBe(3);
});
