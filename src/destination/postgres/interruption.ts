import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import type { Connected } from "./connection.ts";

const pollMs = 500;

/**
 * Cancels, as long as there is a connection, each of its statements that waits for a lock of another program. Whoever interrupts the program wants
 * no waiting, but what the server is about to store may be stored.
 */
export async function cancelWaiting(
  connected: () => Connected | undefined,
  open: () => Promise<Client>,
): Promise<void> {
  let client: Client | undefined;
  try {
    await wait(pollMs, undefined, { ref: false });
    for (let current = connected(); current; current = connected()) {
      client ??= await open();
      const { pid, since } = current.backend;
      await client.query(
        `select pg_cancel_backend(pid) from pg_stat_activity
          where pid = $1 and backend_start = $2 and wait_event_type = 'Lock'`,
        [pid, since],
      );
      await wait(pollMs, undefined, { ref: false });
    }
  } catch {
    // The time limit for locks holds without it.
  } finally {
    await client?.end().catch(() => undefined);
  }
}
