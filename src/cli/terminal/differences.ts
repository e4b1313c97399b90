import type { Differences, DifferentRow, SettledEntry } from "../../core/destination.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { formatCount } from "./format-numbers.ts";
import { printSettledGaps } from "./settled-gaps.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Rows that are named for each way in which they can differ. */
const maxNamed = 5;

/** One stream's comparison, printed as it is by `--json`. */
export interface StreamDifferences extends Pick<Differences, "atSource" | "atDestination"> {
  readonly stream: string;
  /** How many rows differ; the lists name the first thousand. */
  readonly counts: Readonly<
    Record<"missing" | "extra" | "different" | "unstorable" | "unreadable", number>
  >;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly different: readonly DifferentRow[];
  readonly unstorable: readonly { readonly key: string; readonly reason: string }[];
  /** Rows of the source that could not be read or understood, with the reason. */
  readonly unreadable: readonly string[];
  /** What is incomplete at the service for good; no difference. */
  readonly settled: readonly Pick<SettledEntry, "key" | "reason">[];
}

/** Whether the table holds what the source has. */
export function isSame({ counts }: StreamDifferences): boolean {
  return Object.values(counts).every((count) => count === 0);
}

/** Prints a line per stream, and names some of the rows that differ, with what to do. */
export function printDifferences(
  differences: readonly StreamDifferences[],
  terminal: Terminal,
): void {
  const rows = differences.map(({ stream, atSource, atDestination, counts }) => [
    stream,
    ...[atSource, atDestination, counts.missing, counts.extra].map(formatCount),
    ...[counts.different, counts.unstorable + counts.unreadable].map(formatCount),
  ]);
  terminal.printStyled(formatTable({ columns, rows }, terminal));
  for (const stream of differences) {
    for (const { count, named, finding } of findingsOf(stream)) {
      if (count === 0) continue;
      const rest = count - Math.min(named.length, maxNamed);
      const more = rest > 0 ? `, and ${formatCount(rest)} more` : "";
      const names = named.slice(0, maxNamed).join(", ");
      terminal.print(visibleLine(`${stream.stream}: ${finding}: ${names}${more}`));
    }
  }
  if (!differences.every(isSame)) terminal.print(`\n${remedy}`);
  printSettledGaps(differences.flatMap(gapsOf), terminal);
}

const remedy =
  "Run sync, which brings what the service has changed since the last one, and verify again. What differs then is in _rivulet_quarantine, or sync --full-refresh brings it.";

const columns = ["stream"].concat(
  ["source", "destination", "missing", "extra", "different", "unreadable"].map(
    (name) => `#${name}`,
  ),
);

interface Finding {
  readonly finding: string;
  readonly count: number;
  readonly named: readonly string[];
}

function findingsOf(stream: StreamDifferences): readonly Finding[] {
  const { counts, missing, extra, different, unstorable, unreadable } = stream;
  const withColumns = different.map(({ key, columns }) => `${key} (${columns.join(", ")})`);
  const withReason = unstorable.map(({ key, reason }) => `${key} (${reason})`);
  return [
    { finding: "missing", count: counts.missing, named: missing },
    { finding: "not in the source", count: counts.extra, named: extra },
    { finding: "different", count: counts.different, named: withColumns },
    { finding: "cannot be stored", count: counts.unstorable, named: withReason },
    { finding: "unreadable", count: counts.unreadable, named: unreadable },
  ];
}

function gapsOf({ stream, settled }: StreamDifferences): SettledEntry[] {
  return settled.map((entry) => ({ stream, ...entry }));
}
