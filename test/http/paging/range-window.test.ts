import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RangeWindow } from "../../../src/http/paging/range-window.ts";
import { seededRandom } from "../../../src/emulators/random.ts";
import { testSeed } from "../../support/test-seed.ts";

type SampleKind = "sample" | "first";

interface ReadOptions {
  /** How many rows there are according to the service. */
  readonly count?: number | undefined;
  readonly samples?: number;
  readonly kind?: SampleKind;
}

const end = 2n ** 63n - 1n;

/** Reads all keys as a source does, from a service that returns at most `samples`. */
function readAll(keys: readonly bigint[], { count, samples = 10, kind = "sample" }: ReadOptions) {
  const window = new RangeWindow(samples);
  const random = seededRandom(testSeed);
  const last = keys.at(-1) ?? 0n;
  const read: bigint[] = [];
  let requests = 0;
  for (let from = 0n; from <= last;) {
    requests += 1;
    const remaining = count === undefined ? undefined : count - read.length;
    const width = window.width(remaining);
    const below = width === undefined ? end : from + width;
    const all = keys.filter((key) => key >= from && key < below);
    const rows = kind === "first" ? all.slice(0, samples) : randomSample(all, samples, random);
    if (rows.length >= window.maxRows) {
      expect(below - from).toBeGreaterThan(1n);
      window.narrow({ from, below, keys: rows, count: below === end ? remaining : undefined });
      continue;
    }
    read.push(...rows);
    window.recordComplete({ count: rows.length, bytes: 0, first: rows[0], last: rows.at(-1) });
    from = below;
  }
  return { read, requests };
}

function randomSample(
  all: readonly bigint[],
  size: number,
  random: () => number,
): readonly bigint[] {
  let left = size;
  return all.filter((_, index) => {
    const isChosen = random() * (all.length - index) < left;
    left -= Number(isChosen);
    return isChosen;
  });
}

const keys = fc
  .uniqueArray(
    fc.oneof(fc.nat(500), fc.nat(1e6), fc.nat(2 ** 40), fc.bigInt({ min: 0n, max: end - 1n })),
    { minLength: 1, maxLength: 80 },
  )
  .map((found) => found.map(BigInt).sort(compare));

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

const kinds = fc.constantFrom<SampleKind>("sample", "first");

/** `count` keys from `first` on, `gap` apart. */
function everyKey(count: number, first: bigint, gap = 1n): bigint[] {
  return Array.from({ length: count }, (_, index) => first + BigInt(index) * gap);
}

describe("RangeWindow", () => {
  test("reads every row once, however the keys are spread and whatever count the service reports", () => {
    fc.assert(
      fc.property(keys, fc.option(fc.nat(100), { nil: undefined }), kinds, (all, count, kind) => {
        const { read, requests } = readAll(all, { count, kind });
        expect(read).toEqual(all);
        expect(requests).toBeLessThan(150);
      }),
      { seed: testSeed },
    );
  });

  test("needs one request if all rows fit", () => {
    expect(readAll([0n, 7n, 2n ** 40n], { count: 3 }).requests).toBe(1);
  });

  test.each([2, 3])("skips many keys without rows, even with %d rows per response", (samples) => {
    const { read, requests } = readAll([0n, 5n, 2n ** 40n], { samples });
    expect(read).toEqual([0n, 5n, 2n ** 40n]);
    expect(requests).toBeLessThan(20);
  });

  describe.each(["sample", "first"] as const)("if a full response has the rows of a %s", (kind) => {
    /** The keys, and how many requests they may take: 1.5 times those that would do. */
    const spreads = {
      "from key 0 on": everyKey(2500, 0n),
      "from a key on that is a time in milliseconds": everyKey(2500, 1_700_000_000_000n),
      "from a key on that is a time in nanoseconds": everyKey(2500, 2n ** 60n, 1_000_003n),
      "every 50th key": everyKey(2500, 0n, 50n),
      "in bursts far apart": [0n, 2n ** 30n, 2n ** 50n].flatMap((at) => everyKey(1500, at)),
      "of a long run": everyKey(20_000, 0n),
      "of a long run that begins late": everyKey(20_000, 2n ** 41n, 7n),
    };
    test.each(Object.entries(spreads))("reads rows %s in few requests", (_name, all) => {
      for (const count of [all.length, undefined]) {
        const { read, requests } = readAll(all, { count, kind, samples: 1000 });
        expect(read).toEqual(all);
        expect(requests).toBeLessThanOrEqual((all.length / 1000) * 1.5 + 8);
      }
    });
  });
});
