import type { QuarantineReason, Session } from "../core/destination.ts";
import { isOperational, LockedError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/**
 * Why rows are in quarantine, for the summary. All is stored by then, so that a query that fails
 * does not make the sync fail; a lost lease does.
 */
export async function readQuarantineReasons(
  session: Session,
  streams: readonly string[],
  log: Log,
): Promise<readonly QuarantineReason[]> {
  try {
    return await session.quarantineReasons(streams);
  } catch (error) {
    if (!isOperational(error) || error instanceof LockedError) throw error;
    log.debug(`the reasons of the quarantine could not be read: ${messageOf(error)}`);
    return [];
  }
}
