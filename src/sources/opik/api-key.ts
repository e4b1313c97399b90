import type { RequestStats } from "../../core/request-stats.ts";
import type { SourceContext } from "../../core/source.ts";
import type { OpikConfig } from "./config.ts";

/** Syncs that were told, by their statistics: a sync may create several clients. */
const told = new WeakSet<RequestStats>();

/**
 * The key as Opik expects it, alone: without `Bearer`, which other services want before it. Opik
 * would take both for the key, and the hosted service shows what is public to a wrong key.
 */
export function bareKey(
  { COMET_OPIK_API_KEY: key }: OpikConfig,
  { log, transfer }: Pick<SourceContext, "log" | "transfer">,
): string | undefined {
  const bare = key?.replace(/^bearer\s+/i, "");
  if (bare !== key && !told.has(transfer)) {
    told.add(transfer);
    log.warning(
      'opik.COMET_OPIK_API_KEY: expected the key alone; the word "Bearer" before it is left out',
    );
  }
  return bare;
}
