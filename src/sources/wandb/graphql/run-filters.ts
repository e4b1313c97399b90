import { toFilterInstant } from "../reader/instant.ts";
import type { ListingQuestion } from "../../../engine/listing/listing-service.ts";

/** A filter as the service takes it, in the style of MongoDB, as a JSON value. */
export type Filters = Readonly<Record<string, unknown>>;

/** The configured filters and other conditions, as JSON text. */
export function combineFilters(configured: Filters, conditions: readonly Filters[] = []): string {
  const parts = [configured, ...conditions].filter((part) => Object.keys(part).length > 0);
  return JSON.stringify(parts.length > 1 ? { $and: parts } : (parts[0] ?? {}));
}

/** The conditions of a question. In filters, `name` is a run's id. */
export function conditionsOf(question: ListingQuestion): Filters[] {
  const { from, below, activeFrom, activeBelow, anyOf, named, notNamed } = question;
  return [
    ...(from === undefined ? [] : [{ createdAt: { $gte: toFilterInstant(from) } }]),
    ...(below === undefined ? [] : [{ createdAt: { $lt: toFilterInstant(below) } }]),
    ...(activeFrom === undefined ? [] : [{ heartbeatAt: { $gte: toFilterInstant(activeFrom) } }]),
    ...(activeBelow === undefined ? [] : [{ heartbeatAt: { $lt: toFilterInstant(activeBelow) } }]),
    ...(anyOf === undefined ? [] : [{ $or: anyOf.flatMap(conditionsOf) }]),
    ...(named === undefined ? [] : [{ name: { $in: named } }]),
    // Some servers reject an empty list.
    ...(notNamed === undefined || notNamed.length === 0 ? [] : [{ name: { $nin: notNamed } }]),
  ];
}
