import fc from "fast-check";
import { expect, test } from "vitest";
import { nextWindow } from "../../../src/http/paging/window.ts";
import { testSeed } from "../../support/test-seed.ts";

test.each([
  // The first page.
  [
    { offset: 0, floor: 0, maxRows: 500 },
    { start: 0, size: 500 },
  ],
  // The next one reaches almost as far as one that would not overlap.
  [
    { offset: 500, floor: 0, maxRows: 500 },
    { start: 499, size: 499 },
  ],
  [
    { offset: 10, floor: 0, maxRows: 10 },
    { start: 9, size: 9 },
  ],
  // Here only a page of two rows overlaps.
  [
    { offset: 3, floor: 0, maxRows: 3 },
    { start: 2, size: 2 },
  ],
  [
    { offset: 5, floor: 0, maxRows: 2 },
    { start: 4, size: 2 },
  ],
  // Nothing overlaps: pages of one row, or of two at an even offset, or behind the floor.
  [
    { offset: 7, floor: 0, maxRows: 1 },
    { start: 7, size: 1 },
  ],
  [
    { offset: 6, floor: 6, maxRows: 4 },
    { start: 6, size: 3 },
  ],
])("of %o is %o", (progress, window) => {
  expect(nextWindow(progress)).toEqual(window);
});

test(`reaches further, is a page of the service, and overlaps if any page can (${testSeed})`, () => {
  const progress = fc
    .record({ offset: fc.nat(3000), back: fc.nat(3000), maxRows: fc.integer({ min: 1, max: 600 }) })
    .map(({ offset, back, maxRows }) => ({ offset, floor: Math.max(0, offset - back), maxRows }));
  fc.assert(
    fc.property(progress, ({ offset, floor, maxRows }) => {
      const { start, size } = nextWindow({ offset, floor, maxRows });
      expect(start % size).toBe(0);
      expect(size).toBeLessThanOrEqual(maxRows);
      expect(start).toBeGreaterThanOrEqual(floor);
      expect(start).toBeLessThanOrEqual(offset);
      expect(start + size).toBeGreaterThan(offset);
      if (start < offset || offset === 0 || floor === offset) return;
      for (let other = 2; other <= maxRows; other += 1) {
        const from = Math.floor((offset - 1) / other) * other;
        expect(from < floor || from + other <= offset).toBe(true);
      }
    }),
    { seed: testSeed, numRuns: 2000 },
  );
});
