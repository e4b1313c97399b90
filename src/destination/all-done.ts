/**
 * As `Promise.all`, but waits until all of these are done, whatever becomes of each, before it throws the first error in the order of the list. For
 * what is sent to a database together: nothing may still be under way when its transaction is rolled back.
 */
export async function allDone<const T extends readonly unknown[]>(
  ...work: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
