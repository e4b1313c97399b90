import type { SettledEntry } from "../../core/destination.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { formatCount } from "./format-numbers.ts";
import type { Terminal } from "./terminal.ts";

/** Gaps that are named individually. */
const maxNamed = 10;

/** Prints which settled gaps there are; nothing if there are none. */
export function printSettledGaps(entries: readonly SettledEntry[], terminal: Terminal): void {
  if (entries.length === 0) return;
  terminal.print(
    `\n${formatGaps(entries.length)}: incomplete at the service for good, nothing more is expected`,
  );
  for (const { stream, key, reason } of entries.slice(0, maxNamed))
    terminal.print(visibleLine(`  ${stream}: ${key}: ${reason}`));
  const rest = entries.length - maxNamed;
  if (rest > 0) terminal.print(`  and ${formatCount(rest)} more in _rivulet_quarantine`);
}

/** `1 settled gap`, `2 settled gaps`. */
export function formatGaps(count: number): string {
  return `${formatCount(count)} settled ${count === 1 ? "gap" : "gaps"}`;
}
