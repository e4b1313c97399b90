import { expect, test } from "vitest";
import { Semaphore } from "../../src/engine/semaphore.ts";

test("grants its permits in the order in which they are requested", async () => {
  const semaphore = new Semaphore(2);
  const acquired: string[] = [];
  const acquire = async (name: string) => {
    const release = await semaphore.acquire();
    acquired.push(name);
    return release;
  };
  const [a, b, c, d] = ["a", "b", "c", "d"].map(acquire);
  await Promise.all([a, b]);
  expect(acquired).toEqual(["a", "b"]);
  (await b)?.();
  (await c)?.();
  await d;
  expect(acquired).toEqual(["a", "b", "c", "d"]);
});
