import type { Transaction } from "./dialect.ts";

/**
 * Like `Promise.all`, but waits until all promises have settled before it throws the first error in
 * list order. Statements sent together must all have ended before their transaction is rolled back.
 */
export async function settleAll<const T extends readonly unknown[]>(
  ...promises: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/** Runs `first`, then `second`, pipelined if possible. Returns the result of `second`. */
export async function runInOrder<T>(
  { isPipelined }: Transaction,
  first: () => Promise<unknown>,
  second: () => Promise<T>,
): Promise<T> {
  if (isPipelined) return (await settleAll(first(), second()))[1];
  await first();
  return await second();
}
