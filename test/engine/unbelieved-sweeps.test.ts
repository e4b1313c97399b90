import { expect, test } from "vitest";
import { UnbelievedSweeps } from "../../src/engine/unbelieved-sweeps.ts";

/** The sweep of page `number`, whose ten keys descend. */
function pageSweep(number: number) {
  const id = (index: number): string => `k${String(900 - number * 10 - index).padStart(3, "0")}`;
  const keys = Array.from({ length: 10 }, (_, index) => [id(index)]);
  return { where: { app: "a" }, range: { column: "id", from: id(9), below: id(-1) }, keys };
}

test("sweeps are held until half of what was believed is shown, and come back as they were", () => {
  const sweeps = new UnbelievedSweeps(100);
  for (const number of [1, 2, 3, 4]) {
    expect(sweeps.add(pageSweep(number), number * 10)).toEqual([]);
    expect(sweeps.isHolding).toBe(true);
  }
  expect(sweeps.add(pageSweep(5), 50)).toEqual([1, 2, 3, 4, 5].map(pageSweep));
  expect(sweeps.isHolding).toBe(false);
  expect(sweeps.add(pageSweep(6), 60)).toEqual([pageSweep(6)]);
});

test.each([0, 21, 29])("if %i were believed, ten rows are enough to hold nothing", (believed) => {
  expect(new UnbelievedSweeps(believed).add(pageSweep(1), 10)).toEqual([pageSweep(1)]);
});

test("what is held at the end is released once", () => {
  const sweeps = new UnbelievedSweeps(100);
  sweeps.add(pageSweep(1), 10);
  expect([...sweeps.release()]).toEqual([pageSweep(1)]);
  expect([...sweeps.release()]).toEqual([]);
});
