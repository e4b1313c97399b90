import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Table } from "../../src/core/schema.ts";
import type { Sweep } from "../../src/core/source.ts";
import { SweepTracker, type TraversalPosition } from "../../src/engine/sweep-tracker.ts";
import { KnownKeys } from "../../src/fivetran/known-keys.ts";

const table = {
  name: "item",
  columns: { item_id: "string", dataset_id: "string" },
  primaryKey: ["item_id"],
} as const satisfies Table;

/** What Fivetran's destination holds of one dataset, and the state that goes with it. */
class Mirror {
  readonly held = new Set<string>();
  readonly #maxSize: number;
  #holdings: KnownKeys;
  #resume: TraversalPosition | undefined;
  rewrites = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
    this.#holdings = this.#open({});
  }

  /** A sync of what the service has, cut off after so many pages; the last of them without its checkpoint. */
  sync(
    service: readonly string[],
    { pageSize, cutAfter }: { pageSize: number; cutAfter: number },
  ): void {
    this.#holdings = this.#open(JSON.parse(JSON.stringify(this.#holdings)) as never);
    const keys = [...service].sort().reverse();
    const rest = keys.filter((key) => this.#resume === undefined || key < this.#resume.below);
    const walk = new SweepTracker({
      key: "item_id",
      where: { dataset_id: "d" },
      resume: this.#resume,
    });
    for (let page = 0; page * pageSize < rest.length; page += 1) {
      if (page === cutAfter) return;
      const shown = rest.slice(page * pageSize, (page + 1) * pageSize);
      const rows = shown.map((item_id) => ({ item_id }));
      const where = { dataset_id: "d" };
      this.#holdings.announce({ rows, where });
      for (const key of shown) this.held.add(key);
      this.#holdings.add(rows, where);
      if (!this.#sweep(walk.addPage(shown))) {
        this.#rewrite(service);
        return;
      }
      this.#resume = walk.resume;
    }
    if (this.#sweep(walk.finish())) this.#resume = undefined;
    else this.#rewrite(service);
  }

  #sweep(sweep: Sweep | undefined): boolean {
    const gone = sweep ? this.#holdings.sweep(sweep) : [];
    for (const [key] of gone ?? []) this.held.delete(String(key));
    return gone !== undefined;
  }

  #rewrite(service: readonly string[]): void {
    this.rewrites += 1;
    this.held.clear();
    this.#holdings = this.#open({});
    this.#resume = undefined;
    this.sync(service, { pageSize: 3, cutAfter: Infinity });
  }

  #open(saved: ConstructorParameters<typeof KnownKeys>[0]["saved"]): KnownKeys {
    return new KnownKeys({ table, saved, maxCharacters: this.#maxSize });
  }
}

const change = fc.record({
  added: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }),
  removed: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 4 }),
  pageSize: fc.integer({ min: 1, max: 5 }),
  cutAfter: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 4 })),
});

describe.each([
  ["with all keys", 2 ** 20],
  ["with some keys", 60],
  ["with digests alone", 0],
])("%s", (_name, maxSize) => {
  test("after a walk that ended, the destination holds what the service has, whatever came and went, and wherever walks were cut off", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const service = new Set<string>();
        const mirror = new Mirror(maxSize);
        for (const { added, removed, ...how } of [
          ...changes,
          { added: [], removed: [], pageSize: 2, cutAfter: Infinity },
        ]) {
          for (const key of removed) service.delete(String(key).padStart(3, "0"));
          for (const key of added) service.add(String(key).padStart(3, "0"));
          mirror.sync([...service], how);
        }
        // What was cut off goes on where it stood; only a walk from the start shows all.
        mirror.sync([...service], { pageSize: 2, cutAfter: Infinity });
        expect([...mirror.held].sort()).toEqual([...service].sort());
      }),
      { numRuns: 500 },
    );
  });
});

test("a growing dataset is never read again, and a digest takes no more room when it grows", () => {
  const mirror = new Mirror(0);
  const service: string[] = [];
  for (let sync = 0; sync < 20; sync += 1) {
    for (let item = 0; item < 10; item += 1) service.push(String(service.length).padStart(5, "0"));
    mirror.sync(service, { pageSize: 7, cutAfter: Infinity });
  }
  expect([mirror.rewrites, mirror.held.size]).toEqual([0, 200]);
});

test("what a sweep says of rows by a column of their key, and of parts by theirs, is gone", () => {
  const metrics = {
    name: "metrics",
    columns: { run_id: "string", step: "integer", metric: "string" },
    primaryKey: ["run_id", "step", "metric"],
  } as const satisfies Table;
  const holdings = new KnownKeys({ table: metrics, saved: {}, maxCharacters: 1000 });
  const add = (run_id: string, steps: readonly number[]): void => {
    holdings.add(
      steps.map((step) => ({ run_id, step, metric: "loss" })),
      { run_id },
    );
  };
  add("a", [1, 2, 10]);
  add("b", [1]);
  const saved = JSON.parse(JSON.stringify(holdings)) as NonNullable<
    ReturnType<KnownKeys["toJSON"]>
  >;
  const next = new KnownKeys({ table: metrics, saved, maxCharacters: 1000 });
  const range = { column: "step", from: 2, below: 11 };
  expect(next.sweep({ where: { run_id: "a" }, range, keys: [["a", "2", "loss"]] })).toEqual([
    ["a", 10, "loss"],
  ]);
  expect(next.sweep({ by: ["run_id"], keys: [["a"]] })).toEqual([["b", 1, "loss"]]);
  expect(next.sweep({ by: ["run_id"], keys: [["a"], ["c"]] })).toEqual([]);
});
