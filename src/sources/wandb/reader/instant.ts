import { toTimestamp } from "../../../core/timestamp.ts";

/** Before the first run of all. */
export const epoch = "1970-01-01T00:00:00Z";

/**
 * An instant as filters want it: ISO 8601 with `Z`, without which they match nothing, and with no more digits than it
 * needs, as the service itself spells it.
 */
export function toFilterInstant(text: string): string {
  return (toTimestamp(text) ?? epoch).replace(/\.?0*Z$/, "Z");
}
