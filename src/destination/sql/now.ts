import { toTimestamp } from "../../core/timestamp.ts";

/** This moment as fixed-width UTC text. */
export function now(): string {
  const text = new Date().toISOString();
  return toTimestamp(text) ?? text;
}
