import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchSize } from "../../../src/sources/wandb/graphql/batch-size.ts";
import { HistoryWindow } from "../../../src/sources/wandb/graphql/history-window.ts";

/** Reads all lines as the traversal does, from a service that returns at most `samples` of them. */
function readAll(steps: readonly number[], lines: number | undefined, samples = 10) {
  const window = new HistoryWindow(samples);
  const last = steps.at(-1) ?? 0;
  const read: number[] = [];
  let requests = 0;
  for (let from = 0; from <= last;) {
    requests += 1;
    const remaining = {
      lines: lines === undefined ? undefined : lines - read.length,
      steps: requests > 1 ? last + 1 - from : undefined,
    };
    const width = window.width(remaining);
    const below = Math.min(Number.MAX_SAFE_INTEGER, from + width);
    const rows = steps.filter((step) => step >= from && step < below);
    if (window.mayBeSampled(rows.length, below - from)) {
      window.narrow(below - from, (rows[Math.floor(rows.length / 2)] ?? below) - from);
      continue;
    }
    read.push(...rows);
    window.recordComplete(rows.length, width, 0);
    from = below;
  }
  return { read, requests };
}

const steps = fc
  .uniqueArray(fc.oneof(fc.nat(500), fc.nat(1e6), fc.nat(2 ** 40)), { minLength: 1, maxLength: 80 })
  .map((found) => found.toSorted((a, b) => a - b));

describe("HistoryWindow", () => {
  test("reads every line once, however the steps are spread and whatever count the service reports", () => {
    fc.assert(
      fc.property(steps, fc.option(fc.nat(100), { nil: undefined }), (all, lines) => {
        const { read, requests } = readAll(all, lines);
        expect(read).toEqual(all);
        expect(requests).toBeLessThan(150);
      }),
    );
  });

  test("needs one request if all lines fit", () => {
    expect(readAll([0, 7, 2 ** 40], 3).requests).toBe(1);
  });

  test.each([1, 2])(
    "skips many steps without lines, even with %d lines per response",
    (samples) => {
      const { read, requests } = readAll([0, 5, 2 ** 40], undefined, samples);
      expect(read).toEqual([0, 5, 2 ** 40]);
      expect(requests).toBeLessThan(150);
    },
  );

  test("a single step cannot be a sample", () => {
    expect(new HistoryWindow(1).mayBeSampled(5, 1)).toBe(false);
  });
});

describe("BatchSize", () => {
  const quick = { bytes: 1000, ms: 10 };

  test("doubles after each success up to 32, and halves after a failure", () => {
    const size = new BatchSize();
    const seen = [1, 2, 3, 4, 5, 6, 7].map(() => {
      const { current } = size;
      size.recordSuccess(current, quick);
      return current;
    });
    expect(seen).toEqual([1, 2, 4, 8, 16, 32, 32]);
    size.recordFailure(32);
    size.recordFailure(32);
    expect(size.current).toBe(16);
  });

  test("grows again only after many successes", () => {
    const size = new BatchSize();
    for (let n = 0; n < 3; n += 1) size.recordSuccess(size.current, quick);
    size.recordFailure(8);
    for (let n = 0; n < 15; n += 1) size.recordSuccess(4, quick);
    expect(size.current).toBe(4);
    size.recordSuccess(4, quick);
    expect(size.current).toBe(8);
  });

  test.each([
    { bytes: 1000, ms: 60_000 },
    { bytes: 1e9, ms: 10 },
  ])("a slow or large response (%o) halves it", (response) => {
    const size = new BatchSize();
    size.recordSuccess(1, quick);
    size.recordSuccess(2, quick);
    size.recordSuccess(4, response);
    expect(size.current).toBe(2);
  });
});
