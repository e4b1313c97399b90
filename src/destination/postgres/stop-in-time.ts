import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { cancelBlockedFor, endTransactions } from "./tag.ts";

const pollMs = 200;

/** We promise to stop within five seconds; the last one is left for work that needs no lock. */
const graceMs = 3800;

/** When nothing is waited for any longer. */
const lastMs = 4200;

interface StopOptions {
  /** The tag of the transactions. */
  readonly tag: string;
  /** Opens another connection. */
  readonly open: () => Promise<Connection>;
  /** Gives up all connections. */
  readonly giveUp: () => void;
  /** Aborts once everything is closed. */
  readonly closed: AbortSignal;
}

/**
 * Ends all waiting for the server in time. Called when the user interrupts. Statements that wait
 * too long for another program's lock are cancelled: a short lock is waited for, so that the rows
 * read so far are saved, a long one is not. What is left after that is ended, whatever it does, and
 * if the server does not answer, the connections are given up.
 */
export async function stopInTime({ tag, open, giveUp, closed }: StopOptions): Promise<void> {
  const start = performance.now();
  const last = setTimeout(giveUp, lastMs);
  closed.addEventListener("abort", () => {
    clearTimeout(last);
  });
  let connection: Connection | undefined;
  while (await waitForNextPoll(closed)) {
    const leftMs = start + graceMs - performance.now();
    try {
      connection ??= await open();
      if (leftMs > 0) await cancelBlockedFor(connection, tag, leftMs);
      else await endTransactions(connection, tag, { onlyWaiting: false });
    } catch {
      // Retry with another connection. If all fail, giving up still ends the wait.
      await connection?.[Symbol.asyncDispose]();
      connection = undefined;
    }
  }
  await connection?.[Symbol.asyncDispose]();
}

/** Returns false when polling should stop. */
async function waitForNextPoll(closed: AbortSignal): Promise<boolean> {
  await wait(pollMs, undefined, { ref: false, signal: closed }).catch(() => undefined);
  return !closed.aborted;
}
