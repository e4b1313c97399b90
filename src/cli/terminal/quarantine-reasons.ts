import type { QuarantineReason } from "../../core/destination.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { formatCount } from "./format-numbers.ts";
import type { Terminal } from "./terminal.ts";

/** Prints how many entries are in quarantine, and why; nothing if there are none. */
export function printQuarantineReasons(
  reasons: readonly QuarantineReason[],
  terminal: Pick<Terminal, "print">,
): void {
  if (reasons.length === 0) return;
  const all = reasons.reduce((sum, { entries }) => sum + entries, 0);
  terminal.print(`in quarantine: ${formatCount(all)}; the table _rivulet_quarantine has them`);
  for (const reason of reasons) terminal.print(visibleLine(`  ${describe(reason)}`));
}

function describe({ stream, entries, reason, varies = false }: QuarantineReason): string {
  const count = formatCount(entries);
  if (reason === undefined) return `${count} more of ${stream}`;
  return `${count} of ${stream}${varies ? ", such as" : ""}: ${reason}`;
}
