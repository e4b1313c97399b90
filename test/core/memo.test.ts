import { expect, test } from "vitest";
import { AsyncMemo } from "../../src/core/async-memo.ts";

test("an answer is asked for once, also while it is under way; one that failed is asked for again", async () => {
  let asked = 0;
  const remembered = new AsyncMemo<number>();
  const ask = () => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error("down")) : Promise.resolve(asked);
  };
  await expect(remembered.get("a", ask)).rejects.toThrow("down");
  expect(await Promise.all([remembered.get("a", ask), remembered.get("a", ask)])).toEqual([2, 2]);
  expect(await remembered.get("b", ask)).toBe(3);
});
