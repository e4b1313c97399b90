import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import type { Backend } from "./connection.ts";

const pollMs = 200;

/** We promise to stop within five seconds; the last one is left for work that needs no lock. */
const graceMs = 4000;

interface CancelOptions {
  /** The backend of the current connection; undefined while connecting. */
  readonly backend: () => Backend | undefined;
  /** Opens another connection. */
  readonly open: () => Promise<Client>;
  /** Ends the polling. */
  readonly stop: AbortSignal;
}

/**
 * Cancels statements that wait too long for another program's lock. Called when the user
 * interrupts: a short lock is waited for, so that the rows read so far are saved, a long one is
 * not.
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
      // Retry with another connection. If all fail, `lock_timeout` still ends the wait.
      await client?.end().catch(() => undefined);
      client = undefined;
    }
  }
  await client?.end().catch(() => undefined);
}

/** Returns false when polling should stop. */
async function waitForNextPoll(stop: AbortSignal): Promise<boolean> {
  await wait(pollMs, undefined, { ref: false, signal: stop }).catch(() => undefined);
  return !stop.aborted;
}

/**
 * Cancels the statement if it has waited for at least the time that is left. So each statement can
 * use half of the remaining time, and later ones get some too.
 */
async function cancelIfBlocked(client: Client, backend: Backend, deadline: number): Promise<void> {
  await client.query(
    `select pg_cancel_backend(pid) from pg_stat_activity
      where pid = $1 and backend_start = $2 and wait_event_type = 'Lock'
        and query_start < clock_timestamp() - $3 * interval '1 millisecond'`,
    [backend.pid, backend.since, deadline - performance.now()],
  );
}
