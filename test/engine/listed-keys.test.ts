import { describe, expect, test } from "vitest";
import { type Columns, type Key, type Value, plainText } from "../../src/core/schema.ts";
import type { Sweep } from "../../src/core/source.ts";
import { ListedKeys } from "../../src/engine/listed-keys.ts";

const chunkSize = 10_000;

function sweepsOf(columns: Columns, keys: Iterable<Key>) {
  using listed = new ListedKeys({ columns, primaryKey: Object.keys(columns) });
  for (const key of keys) listed.add(key);
  return { count: listed.count(), sweeps: [...listed.sweeps()] };
}

/** All of `0` to `count - 1`, in no useful order, the first thousand twice. */
function* shuffled(count: number): Generator<number, void> {
  for (let index = 0; index < count + 1000; index += 1) yield (index * 7919) % count;
}

const keysIn = (sweeps: readonly Sweep[]) =>
  new Set(sweeps.flatMap(({ keys }) => keys.map((key) => JSON.stringify(key))));

/** Ranges are adjacent, from the first without a lower end to the last without an upper one. */
function expectWhole(sweeps: readonly Sweep[]): void {
  expect(sweeps[0]?.range?.from).toBeUndefined();
  expect(sweeps.at(-1)?.range?.below).toBeUndefined();
  for (const [index, { range }] of sweeps.slice(1).entries()) {
    expect(range?.from).toBeDefined();
    expect(range?.from).toEqual(sweeps[index]?.range?.below);
  }
}

test("keys of a short listing are one sweep of the whole table", () => {
  const { count, sweeps } = sweepsOf({ id: "string" }, [["b"], ["a"], ["b"]]);
  expect(count).toBe(2);
  expect(sweeps).toEqual([{ keys: [["b"], ["a"]] }]);
});

describe("keys of a long listing in any order are ranges of bounded size", () => {
  test("of text, in the order of its bytes", () => {
    const total = 70_001;
    const keys = [...shuffled(total)].map((n): Key => [`${n % 2 ? "é" : "Z"}${n}`]);
    const { count, sweeps } = sweepsOf({ id: "string" }, keys);
    expect(count).toBe(total);
    expect(sweeps.length).toBe(Math.ceil(total / chunkSize));
    expectWhole(sweeps);
    expect(keysIn(sweeps).size).toBe(total);
    const isBefore = (a: Value, b: Value) =>
      Buffer.compare(Buffer.from(plainText(a)), Buffer.from(plainText(b))) < 0;
    for (const { keys: listed, range } of sweeps) {
      expect(listed.length).toBeLessThanOrEqual(chunkSize);
      const outside = listed.filter(
        ([id]) =>
          (range?.from != null && isBefore(id, range.from)) ||
          (range?.below != null && !isBefore(id, range.below)),
      );
      expect(outside).toEqual([]);
    }
  });

  test("of integers, negative and of 64 bits too", () => {
    const keys = [...shuffled(30_001)].map((n): Key => [String((n - 9000) * 10 ** 12)]);
    const { sweeps } = sweepsOf({ id: "integer" }, [["9223372036854775807"], ...keys]);
    expectWhole(sweeps);
    expect(sweeps.map(({ range }) => range?.below)).toEqual([
      1000 * 10 ** 12,
      11_000n * 10n ** 12n,
      21_000n * 10n ** 12n,
      undefined,
    ]);
    expect(sweeps.at(-1)?.keys).toContainEqual(["9223372036854775807"]);
  });

  test("of the next column, if the first hardly tells them apart", () => {
    const keys = [...shuffled(40_000)].map((n): Key => [n % 2 ? "a" : "b", `${n}`]);
    const { sweeps } = sweepsOf({ team: "string", id: "string" }, keys);
    expect(sweeps.map(({ range, keys: { length } }) => [range?.column, length])).toEqual(
      Array.from({ length: 4 }, () => ["id", chunkSize]),
    );
    expect(keysIn(sweeps).size).toBe(40_000);
  });

  test("with keys that databases may order otherwise in each of them", () => {
    const odd = ["😀", "\ud800", "a\u0000b", "\\u0000", "tab\t", "line\n"].map((id): Key => [id]);
    const keys = [...shuffled(25_000)].map((n): Key => [`${n}`]);
    const { count, sweeps } = sweepsOf({ id: "string" }, [...odd, ...keys]);
    expect(count).toBe(25_006);
    for (const { keys: listed } of sweeps) expect(listed).toEqual(expect.arrayContaining(odd));
  });
});

test("keys that no database can sort stay together", () => {
  const { count, sweeps } = sweepsOf(
    { at: "double" },
    [...shuffled(20_500)].map((n): Key => [`${n / 8}`]),
  );
  expect(count).toBe(20_500);
  expect(sweeps).toHaveLength(1);
});
