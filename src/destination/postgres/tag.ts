import { randomUUID } from "node:crypto";
import { sleep } from "../../core/sleep.ts";
import type { Connection } from "./connection.ts";

const pollMs = 20;
const polls = 250;

/**
 * A name by which our transactions, and only ours, are found at the server: they set it as their
 * `application_name`. The process of a connection would not do: behind a pooler, it works for other
 * programs once our transaction has ended.
 */
export function newTag(): string {
  return `rivulet ${randomUUID()}`;
}

/** Transactions with the tag `$1`. It is believed only of our own user in our own database. */
const withTag = `from pg_stat_activity where application_name = $1
  and datname = current_database() and usename = session_user`;

/** Cancels the tag's statement if it has waited for another program's lock for at least `ms`. */
export async function cancelBlockedFor(
  connection: Connection,
  tag: string,
  ms: number,
): Promise<void> {
  await connection.query(
    `select pg_cancel_backend(pid) ${withTag} and wait_event_type = 'Lock'
      and query_start < clock_timestamp() - $2 * interval '1 millisecond'`,
    [tag, ms],
  );
}

/**
 * Ends the transactions of a tag, which otherwise keep their locks until the server notices that
 * their client is gone. With `onlyWaiting`, ends those only that wait for their client. Returns
 * whether none is left.
 */
export async function endTransactions(
  connection: Connection,
  tag: string,
  { onlyWaiting }: { readonly onlyWaiting: boolean },
): Promise<boolean> {
  const condition = onlyWaiting ? "wait_event_type = 'Client'" : "true";
  const query = `select case when ${condition} then pg_terminate_backend(pid) end ${withTag}`;
  for (let left = polls; left > 0; left -= 1) {
    const { rowCount } = await connection.query(query, [tag]);
    if (!rowCount) return true;
    await sleep(pollMs, undefined);
  }
  return false;
}
