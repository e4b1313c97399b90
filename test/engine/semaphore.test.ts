import { expect, test } from "vitest";
import { Semaphore } from "../../src/engine/semaphore.ts";

test("so many have their turn at the same time, the others in the order in which they came", async () => {
  const turns = new Semaphore(2);
  const story: string[] = [];
  const begin = async (name: string) => {
    const end = await turns.acquire();
    story.push(name);
    return end;
  };
  const [a, b, c, d] = ["a", "b", "c", "d"].map(begin);
  await Promise.all([a, b]);
  expect(story).toEqual(["a", "b"]);
  (await b)?.();
  (await c)?.();
  await d;
  expect(story).toEqual(["a", "b", "c", "d"]);
});
