import { ConfigError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { logError } from "../invocation/log-error.ts";
import type { CommandContext } from "../invocation/invocation.ts";

/**
 * Does a round of work every so often, until the program is asked to stop. A round that fails waits
 * for the next one; only a first round that is refused as a whole ends everything, because it would
 * hardly go better later.
 *
 * @param everyMs - From the beginning of a round to that of the next; undefined: one round.
 * @returns The exit status of the first round, if it is the only one.
 */
export async function repeatEvery(
  everyMs: number | undefined,
  { terminal, signal }: CommandContext,
  round: (options: { readonly isFirst: boolean }) => Promise<number>,
): Promise<number> {
  if (everyMs === undefined) return await round({ isFirst: true });
  for (let isFirst = true; ; isFirst = false) {
    const startedAt = Date.now();
    await round({ isFirst }).catch((error: unknown) => {
      signal.throwIfAborted();
      if (isFirst && error instanceof ConfigError) throw error;
      logError(error, terminal);
    });
    signal.throwIfAborted();
    const waitMs = Math.max(0, startedAt + everyMs - Date.now());
    terminal.log.info(`next sync at ${new Date(Date.now() + waitMs).toISOString().slice(0, 19)}Z`);
    await sleep(waitMs, signal);
  }
}
