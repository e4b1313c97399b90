import { filterInstant } from "../reader/instant.ts";

/** The service's own filters, in the manner of MongoDB, as a value of JSON. */
export type Filters = Readonly<Record<string, unknown>>;

/** Filters as the service takes them: JSON text of those of the configuration and of this one besides. */
export function filterText(configured: Filters, condition: Filters = {}): string {
  const parts = [configured, condition].filter((part) => Object.keys(part).length > 0);
  return JSON.stringify(parts.length > 1 ? { $and: parts } : (parts[0] ?? {}));
}

/** Runs that gave a sign of life at this instant or later. */
export function aliveSince(instant: string): Filters {
  return { heartbeatAt: { $gte: filterInstant(instant) } };
}

/** Runs that were created before this instant. */
export function createdBefore(instant: string): Filters {
  return { createdAt: { $lt: filterInstant(instant) } };
}

/** Runs with these ids, which filters call names. */
export function named(ids: readonly string[]): Filters {
  // No run has an empty id; a list without elements is not taken everywhere.
  return { name: { $in: ids.length > 0 ? ids : [""] } };
}
