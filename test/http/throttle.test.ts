import { expect, test } from "vitest";
import { HttpError } from "../../src/http/http-error.ts";
import { Throttle } from "../../src/http/throttle.ts";

const tooMany = new HttpError("status", "429", { status: 429 });
const timeout = new HttpError("timeout", "no data");

/** A throttle whose pauses end when the test says so. */
function newThrottle(concurrency: number) {
  const pauses: { readonly milliseconds: number; end(): void }[] = [];
  let now = 0;
  const throttle = new Throttle({
    concurrency,
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        const end = (): void => {
          now += milliseconds;
          resolve();
        };
        pauses.push({ milliseconds, end });
      }),
  });
  return { throttle, pauses };
}

/** Runs `count` tasks that all start before any of them ends. */
async function together(throttle: Throttle, count: number, error?: Error): Promise<void> {
  const tasks = Array.from({ length: count }, () =>
    throttle.run(async () => {
      await nextTick();
      if (error) throw error;
    }),
  );
  await Promise.allSettled(tasks);
}

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("halves once for failures that were in progress together", async () => {
  const { throttle } = newThrottle(8);
  await together(throttle, 8, tooMany);
  expect(throttle.concurrency).toBe(4);
});

test.each([
  ["429", tooMany],
  ["timeouts", timeout],
])("goes down to 1, but no further, after %s", async (_name, error) => {
  const { throttle } = newThrottle(8);
  for (let rounds = 0; rounds < 10; rounds += 1)
    await together(throttle, throttle.concurrency, error);
  expect(throttle.concurrency).toBe(1);
});

test("keeps its limit after failures of other kinds", async () => {
  const { throttle } = newThrottle(8);
  await together(throttle, 8, new HttpError("status", "500", { status: 500 }));
  await together(throttle, 8, new Error("bug"));
  expect(throttle.concurrency).toBe(8);
});

test("adds one for each full round of successes, up to its initial limit", async () => {
  const { throttle } = newThrottle(8);
  await together(throttle, 8, tooMany);
  await together(throttle, 4);
  expect(throttle.concurrency).toBe(5);
  await together(throttle, 4);
  expect(throttle.concurrency).toBe(5);
  await together(throttle, 1);
  expect(throttle.concurrency).toBe(6);
  await together(throttle, 100);
  expect(throttle.concurrency).toBe(8);
});

test("never runs more tasks than its limit", async () => {
  const { throttle } = newThrottle(3);
  let running = 0;
  let maximum = 0;
  const task = async (): Promise<void> => {
    running += 1;
    maximum = Math.max(maximum, running);
    await nextTick();
    running -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => throttle.run(task)));
  expect(maximum).toBe(3);
});

/** The most tasks that run at the same time. */
async function mostAtOnce(throttle: Throttle, count: number): Promise<number> {
  let [running, most] = [0, 0];
  const task = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await nextTick();
    running -= 1;
  };
  await Promise.all(Array.from({ length: count }, () => throttle.run(task)));
  return most;
}

test.each([
  [20, 8],
  [8, 8],
  [3, 3],
  [1, 1],
  [0, 1],
  [-5, 1],
  [Infinity, 8],
])("if the service allows %d more requests, runs %d tasks at once", async (allowed, expected) => {
  const { throttle } = newThrottle(8);
  throttle.allow(allowed);
  expect(await mostAtOnce(throttle, 20)).toBe(expected);
});

test("what the service allows neither replaces nor resets the limit that adapts", async () => {
  const { throttle } = newThrottle(8);
  throttle.allow(2);
  await together(throttle, 2, tooMany);
  expect(throttle.concurrency).toBe(2);
  throttle.allow(Infinity);
  expect(throttle.concurrency).toBe(4);
  expect(await mostAtOnce(throttle, 4)).toBe(4);
});

test("holds back tasks that are queued when a pause starts", async () => {
  const { throttle, pauses } = newThrottle(1);
  const ran: string[] = [];
  const first = throttle.run(async () => {
    await nextTick();
    throttle.pause(1000);
    ran.push("first");
  });
  const second = throttle.run(() => Promise.resolve(ran.push("second")));
  await first;
  await nextTick();
  expect(ran).toEqual(["first"]);
  pauses[0]!.end();
  await second;
  expect(ran).toEqual(["first", "second"]);
});

test("keeps the longer of two pauses, and returns by how much it grew", async () => {
  const { throttle, pauses } = newThrottle(1);
  expect(throttle.pause(5000)).toBe(5000);
  expect(throttle.pause(2000)).toBe(0);
  expect(throttle.pause(6000)).toBe(1000);
  expect(pauses.map(({ milliseconds }) => milliseconds)).toEqual([5000, 6000]);
  let ran = false;
  const task = throttle.run(() => Promise.resolve((ran = true)));
  pauses[0]!.end();
  await nextTick();
  expect(ran).toBe(false);
  pauses[1]!.end();
  await task;
  expect(ran).toBe(true);
});
