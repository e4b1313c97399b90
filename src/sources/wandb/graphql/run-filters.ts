import { toFilterInstant } from "../reader/instant.ts";

/** A filter as the service takes it, in the style of MongoDB, as a JSON value. */
export type Filters = Readonly<Record<string, unknown>>;

/** The configured filters and another condition, as JSON text. */
export function combineFilters(configured: Filters, condition: Filters = {}): string {
  const parts = [configured, condition].filter((part) => Object.keys(part).length > 0);
  return JSON.stringify(parts.length > 1 ? { $and: parts } : (parts[0] ?? {}));
}

/** Runs whose latest heartbeat is this instant or later. */
export function heartbeatSince(instant: string): Filters {
  return { heartbeatAt: { $gte: toFilterInstant(instant) } };
}

/** Runs created before this instant. */
export function createdBefore(instant: string): Filters {
  return { createdAt: { $lt: toFilterInstant(instant) } };
}

/** Runs with these ids, which filters call `name`. */
export function withIds(ids: readonly string[]): Filters {
  // No run has an empty id; some servers reject an empty list.
  return { name: { $in: ids.length > 0 ? ids : [""] } };
}
