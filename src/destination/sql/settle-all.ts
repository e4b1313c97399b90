import type { Transaction } from "./dialect.ts";

/**
 * As `Promise.all`, but waits until all of these are done, whatever becomes of each, before it throws the first error in the order of the list. For
 * what is sent to a database together: nothing may still be under way when its transaction is rolled back.
 */
export async function settleAll<const T extends readonly unknown[]>(
  ...work: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

/** Does first the one, then the other: sent together, where the database takes that; the answer is that of the second. */
export async function runInOrder<T>(
  { isPipelined }: Transaction,
  first: () => Promise<unknown>,
  second: () => Promise<T>,
): Promise<T> {
  if (isPipelined) return (await settleAll(first(), second()))[1];
  await first();
  return await second();
}
