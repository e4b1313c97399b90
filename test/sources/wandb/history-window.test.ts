import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HistoryWindow } from "../../../src/sources/wandb/graphql/history-window.ts";
import { seededRandom } from "../../../src/emulators/random.ts";
import { testSeed } from "../../support/test-seed.ts";

type SampleKind = "sample" | "first";

interface ReadOptions {
  /** How many lines there are according to the service. */
  readonly count?: number | undefined;
  readonly samples?: number;
  readonly kind?: SampleKind;
}

const end = 2n ** 63n - 1n;

/** Reads all lines as the window reader does, from a service that returns at most `samples`. */
function readAll(steps: readonly bigint[], { count, samples = 10, kind = "sample" }: ReadOptions) {
  const window = new HistoryWindow(samples);
  const random = seededRandom(testSeed);
  const last = steps.at(-1) ?? 0n;
  const read: bigint[] = [];
  let requests = 0;
  for (let from = 0n; from <= last;) {
    requests += 1;
    const remaining = count === undefined ? undefined : count - read.length;
    const width = window.width(remaining);
    const below = width === undefined ? end : from + width;
    const all = steps.filter((step) => step >= from && step < below);
    const rows = kind === "first" ? all.slice(0, samples) : randomSample(all, samples, random);
    if (window.isFull(rows.length)) {
      expect(below - from).toBeGreaterThan(1n);
      window.narrow({ from, below, steps: rows, lines: below === end ? remaining : undefined });
      continue;
    }
    read.push(...rows);
    window.recordComplete({ lines: rows.length, bytes: 0, first: rows[0], last: rows.at(-1) });
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

const steps = fc
  .uniqueArray(
    fc.oneof(fc.nat(500), fc.nat(1e6), fc.nat(2 ** 40), fc.bigInt({ min: 0n, max: end - 1n })),
    { minLength: 1, maxLength: 80 },
  )
  .map((found) => found.map(BigInt).sort(compare));

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

const kinds = fc.constantFrom<SampleKind>("sample", "first");

/** `count` steps from `first` on, `gap` apart. */
function everyStep(count: number, first: bigint, gap = 1n): bigint[] {
  return Array.from({ length: count }, (_, index) => first + BigInt(index) * gap);
}

describe("HistoryWindow", () => {
  test("reads every line once, however the steps are spread and whatever count the service reports", () => {
    fc.assert(
      fc.property(steps, fc.option(fc.nat(100), { nil: undefined }), kinds, (all, count, kind) => {
        const { read, requests } = readAll(all, { count, kind });
        expect(read).toEqual(all);
        expect(requests).toBeLessThan(150);
      }),
      { seed: testSeed },
    );
  });

  test("needs one request if all lines fit", () => {
    expect(readAll([0n, 7n, 2n ** 40n], { count: 3 }).requests).toBe(1);
  });

  test.each([2, 3])(
    "skips many steps without lines, even with %d lines per response",
    (samples) => {
      const { read, requests } = readAll([0n, 5n, 2n ** 40n], { samples });
      expect(read).toEqual([0n, 5n, 2n ** 40n]);
      expect(requests).toBeLessThan(20);
    },
  );

  describe.each(["sample", "first"] as const)(
    "if a full response has the lines of a %s",
    (kind) => {
      /** The lines, and how many requests they may take: 1.5 times those that would do. */
      const spreads = {
        "from step 0 on": everyStep(2500, 0n),
        "from a step on that is a time in milliseconds": everyStep(2500, 1_700_000_000_000n),
        "from a step on that is a time in nanoseconds": everyStep(2500, 2n ** 60n, 1_000_003n),
        "every 50 steps": everyStep(2500, 0n, 50n),
        "in bursts far apart": [0n, 2n ** 30n, 2n ** 50n].flatMap((at) => everyStep(1500, at)),
        "of a long run": everyStep(20_000, 0n),
        "of a long run that begins late": everyStep(20_000, 2n ** 41n, 7n),
      };
      test.each(Object.entries(spreads))("reads lines %s in few requests", (_name, all) => {
        for (const count of [all.length, undefined]) {
          const { read, requests } = readAll(all, { count, kind, samples: 1000 });
          expect(read).toEqual(all);
          expect(requests).toBeLessThanOrEqual((all.length / 1000) * 1.5 + 8);
        }
      });
    },
  );
});
