import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Table, plainText } from "../../src/core/schema.ts";
import type { Sweep } from "../../src/core/source.ts";
import { SweepTracker, type TraversalPosition } from "../../src/engine/sweep-tracker.ts";
import { KnownKeys } from "../../src/fivetran/known-keys.ts";

const table = {
  name: "item",
  columns: { item_id: "string", dataset_id: "string" },
  primaryKey: ["item_id"],
} as const satisfies Table;

/** Fivetran's destination with the rows of one dataset, and the state that belongs to it. */
class Mirror {
  readonly rows = new Set<string>();
  readonly #maxCharacters: number;
  #knownKeys: KnownKeys;
  #resume: TraversalPosition | undefined;
  rereads = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
    this.#knownKeys = this.#open({});
  }

  /** Syncs the keys of the service, and stops after `cutAfter` pages. */
  sync(
    service: readonly string[],
    { pageSize, cutAfter }: { pageSize: number; cutAfter: number },
  ): void {
    this.#knownKeys = this.#open(JSON.parse(JSON.stringify(this.#knownKeys)) as never);
    const keys = [...service].sort().reverse();
    const rest = keys.filter((key) => this.#resume === undefined || key < this.#resume.below);
    const tracker = new SweepTracker({
      key: "item_id",
      where: { dataset_id: "d" },
      resume: this.#resume,
    });
    for (let index = 0; index * pageSize < rest.length; index += 1) {
      if (index === cutAfter) return;
      const page = rest.slice(index * pageSize, (index + 1) * pageSize);
      const rows = page.map((item_id) => ({ item_id }));
      const where = { dataset_id: "d" };
      this.#knownKeys.announce({ rows, where });
      for (const key of page) this.rows.add(key);
      this.#knownKeys.add(rows, where);
      if (!this.#sweep(tracker.addPage(page))) {
        this.#reread(service);
        return;
      }
      this.#resume = tracker.resume;
    }
    if (this.#sweep(tracker.finish())) this.#resume = undefined;
    else this.#reread(service);
  }

  #sweep(sweep: Sweep | undefined): boolean {
    const deleted = sweep ? this.#knownKeys.sweep(sweep) : [];
    for (const [key] of deleted ?? []) this.rows.delete(plainText(key));
    return deleted !== undefined;
  }

  #reread(service: readonly string[]): void {
    this.rereads += 1;
    this.rows.clear();
    this.#knownKeys = this.#open({});
    this.#resume = undefined;
    this.sync(service, { pageSize: 3, cutAfter: Infinity });
  }

  #open(saved: ConstructorParameters<typeof KnownKeys>[0]["saved"]): KnownKeys {
    return new KnownKeys({ table, saved, maxCharacters: this.#maxCharacters });
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
])("%s", (_name, maxCharacters) => {
  test("after a complete traversal, the destination equals the service, whatever changed and wherever syncs were cut off", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const service = new Set<string>();
        const mirror = new Mirror(maxCharacters);
        for (const { added, removed, ...how } of [
          ...changes,
          { added: [], removed: [], pageSize: 2, cutAfter: Infinity },
        ]) {
          for (const key of removed) service.delete(plainText(key).padStart(3, "0"));
          for (const key of added) service.add(plainText(key).padStart(3, "0"));
          mirror.sync([...service], how);
        }
        // The first sync may resume a traversal; only one from the start lists everything.
        mirror.sync([...service], { pageSize: 2, cutAfter: Infinity });
        expect([...mirror.rows].sort()).toEqual([...service].sort());
      }),
      { numRuns: 500 },
    );
  });
});

test("a growing dataset is never read again with digests alone", () => {
  const mirror = new Mirror(0);
  const service: string[] = [];
  for (let sync = 0; sync < 20; sync += 1) {
    for (let item = 0; item < 10; item += 1) service.push(String(service.length).padStart(5, "0"));
    mirror.sync(service, { pageSize: 7, cutAfter: Infinity });
  }
  expect([mirror.rereads, mirror.rows.size]).toEqual([0, 200]);
});

test("a sweep deletes rows by a range of a key column, and scopes by their columns", () => {
  const metrics = {
    name: "metrics",
    columns: { run_id: "string", step: "integer", metric: "string" },
    primaryKey: ["run_id", "step", "metric"],
  } as const satisfies Table;
  const knownKeys = new KnownKeys({ table: metrics, saved: {}, maxCharacters: 1000 });
  const add = (run_id: string, steps: readonly number[]): void => {
    knownKeys.add(
      steps.map((step) => ({ run_id, step, metric: "loss" })),
      { run_id },
    );
  };
  add("a", [1, 2, 10]);
  add("b", [1]);
  const saved = JSON.parse(JSON.stringify(knownKeys)) as NonNullable<
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
