import { describe, expect, test } from "vitest";
import { BatchSize } from "../../src/http/batch-size.ts";

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
