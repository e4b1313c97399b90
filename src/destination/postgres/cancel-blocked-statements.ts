import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import type { Backend } from "./connection.ts";

const pollMs = 200;

/** Five seconds are promised: the last one is for what needs no lock. */
const graceMs = 4000;

export interface CancelOptions {
  /** What serves the connection just now; none while one is being made. */
  readonly backend: () => Backend | undefined;
  /** Opens another connection. */
  readonly open: () => Promise<Client>;
  /** Ends the watching. */
  readonly stop: AbortSignal;
}

/**
 * Begins at an interruption, and cancels each statement of a connection that waits for a lock of another program for too long. Whoever interrupts the
 * program wants no long waiting, but what was read is to be stored where the lock is a brief one.
 */
export async function cancelBlockedStatements({
  backend,
  open,
  stop,
}: CancelOptions): Promise<void> {
  const deadline = performance.now() + graceMs;
  let client: Client | undefined;
  while (await waitForNextPoll(stop)) {
    const current = backend();
    if (!current) continue;
    try {
      client ??= await open();
      await cancelIfBlocked(client, current, deadline);
    } catch {
      // Tried again with another connection; the time limit for locks holds without it.
      await client?.end().catch(() => undefined);
      client = undefined;
    }
  }
  await client?.end().catch(() => undefined);
}

/** False once there is nothing to look at any more. */
async function waitForNextPoll(until: AbortSignal): Promise<boolean> {
  await wait(pollMs, undefined, { ref: false, signal: until }).catch(() => undefined);
  return !until.aborted;
}

/**
 * Cancels a statement that has waited for as long as there is time left. One that begins to wait has half of what it finds, so that those that
 * follow it have some, too.
 */
async function cancelIfBlocked(client: Client, backend: Backend, deadline: number): Promise<void> {
  await client.query(
    `select pg_cancel_backend(pid) from pg_stat_activity
      where pid = $1 and backend_start = $2 and wait_event_type = 'Lock'
        and query_start < clock_timestamp() - $3 * interval '1 millisecond'`,
    [backend.pid, backend.since, deadline - performance.now()],
  );
}
