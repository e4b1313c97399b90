import type { TestDatabase } from "./databases.ts";

/** Makes the lease of the only pipeline expire. */
export async function expireLease({ query }: Pick<TestDatabase, "query">): Promise<void> {
  const [lock] = await query("SELECT checkpoint FROM _rivulet_state WHERE stream = ''");
  const { holder, ...rest } = JSON.parse(String(lock?.["checkpoint"])) as { holder: object };
  const expired = JSON.stringify({ ...rest, holder: { ...holder, until: 0 } }).replaceAll(
    "'",
    "''",
  );
  await query(`UPDATE _rivulet_state SET checkpoint = '${expired}' WHERE stream = ''`);
}
