import { toTimestamp } from "../../../core/timestamp.ts";

/** An instant before any run. */
export const epoch = "1970-01-01T00:00:00Z";

/**
 * An instant as the service's filters need it: ISO 8601 with `Z`, without which they match nothing,
 * and without trailing zeros, as the service itself writes it.
 */
export function toFilterInstant(text: string): string {
  return (toTimestamp(text) ?? epoch).replace(/\.?0{0,6}Z$/, "Z");
}
