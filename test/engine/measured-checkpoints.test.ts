import fc from "fast-check";
import { expect, test } from "vitest";
import { MeasuredCheckpoints } from "../../src/engine/measured-checkpoints.ts";
import { testSeed } from "../support/test-seed.ts";

test(`the size follows every change (seed ${testSeed})`, () => {
  const change = fc.record({
    partition: fc.constantFrom("", "a", "b", "run 1"),
    text: fc.option(fc.string({ maxLength: 50 })),
    isMeasured: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      const checkpoints = new MeasuredCheckpoints([["a", { text: "initial" }]]);
      for (const { partition, text, isMeasured } of changes) {
        checkpoints.set(partition, text === null ? null : { text });
        if (isMeasured) expect(checkpoints.size).toBeGreaterThanOrEqual(0);
      }
      expect(checkpoints.size).toBe(new MeasuredCheckpoints(checkpoints.copy()).size);
      const { length } = JSON.stringify(checkpoints);
      expect(Math.abs(checkpoints.size - length)).toBeLessThanOrEqual(2);
    }),
    { seed: testSeed },
  );
});

test("only what changed since the last time is measured", () => {
  const measured: string[] = [];
  const checkpoint = (name: string) => ({
    get n() {
      measured.push(name);
      return 1;
    },
  });
  const checkpoints = new MeasuredCheckpoints([
    ["a", checkpoint("a")],
    ["b", checkpoint("b")],
  ]);
  expect(checkpoints.size).toBeGreaterThan(0);
  expect(measured.splice(0)).toEqual(["a", "b"]);
  for (const version of ["a2", "a3", "a4"]) checkpoints.set("a", checkpoint(version));
  expect(checkpoints.size).toBeGreaterThan(0);
  expect(measured).toEqual(["a4"]);
});

test("a copy does not see later changes", () => {
  const checkpoints = new MeasuredCheckpoints([["a", { n: 1 }]]);
  const copy = checkpoints.copy();
  checkpoints.set("a", null);
  expect([...copy]).toEqual([["a", { n: 1 }]]);
  expect(checkpoints.size).toBe(0);
});
