import { expect, test } from "vitest";
import { AsyncMemo } from "../../src/core/async-memo.ts";

test("loads each key once, also for concurrent callers, and again after a failure", async () => {
  let loads = 0;
  const memo = new AsyncMemo<number>();
  const load = () => {
    loads += 1;
    return loads === 1 ? Promise.reject(new Error("down")) : Promise.resolve(loads);
  };
  await expect(memo.get("a", load)).rejects.toThrow("down");
  expect(await Promise.all([memo.get("a", load), memo.get("a", load)])).toEqual([2, 2]);
  expect(await memo.get("b", load)).toBe(3);
});
