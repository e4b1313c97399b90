import { toFilterInstant } from "../reader/instant.ts";

/** The service's own filters, in the manner of MongoDB, as a value of JSON. */
export type Filters = Readonly<Record<string, unknown>>;

/** Filters as the service takes them: JSON text of those of the configuration and of this one besides. */
export function combineFilters(configured: Filters, condition: Filters = {}): string {
  const parts = [configured, condition].filter((part) => Object.keys(part).length > 0);
  return JSON.stringify(parts.length > 1 ? { $and: parts } : (parts[0] ?? {}));
}

/** Runs that gave a sign of life at this instant or later. */
export function heartbeatSince(instant: string): Filters {
  return { heartbeatAt: { $gte: toFilterInstant(instant) } };
}

/** Runs that were created before this instant. */
export function createdBefore(instant: string): Filters {
  return { createdAt: { $lt: toFilterInstant(instant) } };
}

/** Runs with these ids, which filters call names. */
export function withIds(ids: readonly string[]): Filters {
  // No run has an empty id; a list without elements is not taken everywhere.
  return { name: { $in: ids.length > 0 ? ids : [""] } };
}
