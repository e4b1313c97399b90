import type { Counts } from "../../core/destination.ts";
import type { Summary } from "../../engine/sync.ts";
import { formatCount } from "./format-numbers.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const outcomes = {
  completed: "sync completed",
  partial: "sync partial",
  failed: "sync failed",
  interrupted: "sync interrupted",
} as const satisfies Record<Summary["status"], string>;

const countColumns = ["inserted", "updated", "unchanged", "deleted"] as const;

/** Shows what a sync did: a table and a few lines on standard output, and JSON lines where the log is JSON. */
export function showSummary(summary: Summary, terminal: Terminal, label: string): void {
  if (terminal.format === "json") logSummary(summary, terminal);
  printSummary(summary, terminal, label);
}

function printSummary(summary: Summary, terminal: Terminal, label: string): void {
  const { color } = terminal;
  const rows = [...summary.counts].map(([stream, counts]) => [
    stream,
    ...countColumns.map((column) => formatCount(counts[column])),
    counts.rejected > 0 ? color.yellow(formatCount(counts.rejected)) : "0",
    ...(summary.failures.size === 0
      ? []
      : [summary.failures.has(stream) ? color.red("failed") : "ok"]),
  ]);
  const columns = ["stream", ...countColumns.map((column) => `#${column}`), "#quarantined"];
  if (summary.failures.size > 0) columns.push("read");
  terminal.print(formatTable({ columns, rows }, terminal));
  terminal.print("");
  terminal.print(
    `${colorOutcome(summary, terminal)} in ${formatSeconds(summary.seconds)}: ${formatRequestStats(summary)}`,
  );
  if (summary.quarantined > 0) {
    terminal.print(
      `in quarantine: ${formatCount(summary.quarantined)}; see the table _rivulet_quarantine for what and why`,
    );
  }
  const table = tableToPreview(summary);
  // A target from outside has a name, but no SQL.
  const isDatabase = /^(?:sqlite|postgres(?:ql)?):/.test(label);
  if (table !== undefined && isDatabase)
    terminal.print(`look at it: ${previewCommand(label, table)}`);
}

/** The last table that was written, else the last one; none where a sync has failed before it wrote anything. */
function tableToPreview({ counts, status }: Summary): string | undefined {
  const written = [...counts].filter(([, counted]) => hasRows(counted)).map(([stream]) => stream);
  return written.at(-1) ?? (status === "failed" ? undefined : [...counts.keys()].at(-1));
}

function hasRows(counted: Counts): boolean {
  return countColumns.some((column) => counted[column] > 0);
}

function colorOutcome({ status }: Summary, { color }: Terminal): string {
  const paints = {
    completed: color.green,
    partial: color.yellow,
    failed: color.red,
    interrupted: color.yellow,
  } as const;
  return paints[status](outcomes[status]);
}

function logSummary(
  { status, counts, quarantined, transfer, ...summary }: Summary,
  { log }: Terminal,
): void {
  for (const [stream, counted] of counts) {
    // That it failed, and why, has been said when it did.
    const hasFailed = summary.failures.has(stream);
    if (hasFailed && !hasRows(counted)) continue;
    log.info(hasFailed ? "stream written in part" : "stream completed", { stream, ...counted });
  }
  const { requests, retries, bytes } = transfer;
  const waited_seconds = transfer.waitedMs / 1000;
  log.info(outcomes[status], {
    status,
    quarantined,
    requests,
    retries,
    bytes,
    waited_seconds,
    seconds: summary.seconds,
  });
}

/** `12 requests, 1 retry, 3.4 MB` and, where the service made us wait, for how long. */
export function formatRequestStats({ transfer }: Pick<Summary, "transfer">): string {
  const { requests, retries, bytes, waitedMs } = transfer;
  const parts = [
    `${formatCount(requests)} ${requests === 1 ? "request" : "requests"}`,
    `${formatCount(retries)} ${retries === 1 ? "retry" : "retries"}`,
    `${(bytes / 1e6).toFixed(1)} MB`,
  ];
  if (waitedMs >= 100) parts.push(`waited ${formatSeconds(waitedMs / 1000)}`);
  return parts.join(", ");
}

/** A time span for people: `31 ms`, `1.8 s`, `42 s`, `3 min 5 s`. */
export function formatSeconds(span: number): string {
  if (span < 1) return `${Math.round(span * 1000)} ms`;
  if (span < 10) return `${span.toFixed(1)} s`;
  if (span < 60) return `${Math.round(span)} s`;
  return `${Math.floor(span / 60)} min ${Math.round(span % 60)} s`;
}

/** The command that shows some rows of a table. */
export function previewCommand(label: string, table: string): string {
  if (label.startsWith("sqlite:")) {
    const file = label.slice("sqlite:".length);
    return `sqlite3 -box ${shellWord(file)} "SELECT * FROM ${table} LIMIT 5"`;
  }
  const url = new URL(label);
  const schema = url.searchParams.get("schema");
  url.search = "";
  const name = schema === null ? table : `"${schema.replaceAll('"', '""')}".${table}`;
  return `psql ${shellWord(url.href)} -c ${shellWord(`SELECT * FROM ${name} LIMIT 5`)}`;
}

/** A word for a shell, in quotes where it needs them. */
function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
