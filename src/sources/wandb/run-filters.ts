import { filterInstant } from "./instant.ts";

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

/** Runs that were created before this instant, or at it too. */
export function createdBefore(instant: string, comparison: "$lt" | "$lte"): Filters {
  return { createdAt: { [comparison]: filterInstant(instant) } };
}
