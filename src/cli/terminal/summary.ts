import type { Counts } from "../../core/destination.ts";
import type { Summary } from "../../engine/sync.ts";
import { visibleText } from "../../core/visible-text.ts";
import { formatCount, formatSeconds } from "./format-numbers.ts";
import { previewCommand } from "./preview-command.ts";
import { printQuarantineReasons } from "./quarantine-reasons.ts";
import { formatGaps } from "./settled-gaps.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const outcomes = {
  completed: "sync completed",
  partial: "sync partial",
  failed: "sync failed",
  interrupted: "sync interrupted",
} as const satisfies Record<Summary["status"], string>;

const countColumns = ["inserted", "updated", "unchanged", "deleted"] as const;

/** What was synced, beside its outcome. */
interface SyncedPipeline {
  /** The destination's label. */
  readonly label: string;
  /** Where the settings come from, if not all of them are in the file. */
  readonly origins?: string | undefined;
}

/** Prints what a sync did: a table and a few lines. Also logs it if the log is JSON. */
export function showSummary(summary: Summary, terminal: Terminal, pipeline: SyncedPipeline): void {
  if (terminal.format === "json") logSummary(summary, terminal);
  printSummary(summary, terminal, pipeline);
}

function printSummary(
  summary: Summary,
  terminal: Terminal,
  { label, origins }: SyncedPipeline,
): void {
  const { color } = terminal;
  if (origins !== undefined) terminal.printStyled(color.dim(visibleText(origins)));
  const rows = [...summary.counts].map(([stream, counts]) => [
    stream,
    ...countColumns.map((column) => formatCount(counts[column])),
    counts.rejected > 0 ? { text: formatCount(counts.rejected), style: color.yellow } : "0",
    ...(summary.failures.size === 0
      ? []
      : [summary.failures.has(stream) ? { text: "failed", style: color.red } : "ok"]),
  ]);
  const columns = ["stream", ...countColumns.map((column) => `#${column}`), "#quarantined"];
  if (summary.failures.size > 0) columns.push("result");
  terminal.printStyled(formatTable({ columns, rows }, terminal));
  terminal.print("");
  terminal.printStyled(
    `${colorOutcome(summary, terminal)} in ${formatSeconds(summary.seconds)}: ${formatRequestStats(summary)}`,
  );
  printQuarantineReasons(summary.reasons, terminal);
  if (summary.settled > 0) {
    terminal.print(
      `${formatGaps(summary.settled)}: nothing more is expected from the service; the command "status" names them`,
    );
  }
  for (const note of summary.notes ?? []) terminal.print(note);
  const table = tableToPreview(summary);
  const preview = table === undefined ? undefined : previewCommand(label, table);
  if (preview !== undefined) terminal.print(`see the rows: ${preview}`);
}

/** The last table that was written, else the last one; none if a failed sync wrote nothing. */
function tableToPreview({ counts, status }: Summary): string | undefined {
  const written = [...counts].filter(([, table]) => hasRows(table)).map(([stream]) => stream);
  return written.at(-1) ?? (status === "failed" ? undefined : [...counts.keys()].at(-1));
}

function hasRows(counts: Counts): boolean {
  return countColumns.some((column) => counts[column] > 0);
}

function colorOutcome({ status }: Summary, { color }: Terminal): string {
  const colors = {
    completed: color.green,
    partial: color.yellow,
    failed: color.red,
    interrupted: color.yellow,
  } as const;
  return colors[status](outcomes[status]);
}

function logSummary(
  { status, counts, quarantined, settled, transfer, ...summary }: Summary,
  { log }: Terminal,
): void {
  for (const [stream, streamCounts] of counts) {
    // Its failure was logged when it happened.
    const hasFailed = summary.failures.has(stream);
    if (hasFailed && !hasRows(streamCounts)) continue;
    log.info(hasFailed ? "stream partially written" : "stream completed", {
      stream,
      ...streamCounts,
    });
  }
  for (const { varies, ...fields } of summary.reasons)
    log.warning("in quarantine", { ...fields, ...(varies === true ? { varies } : {}) });
  for (const note of summary.notes ?? []) log.info(note);
  const { requests, retries, bytes } = transfer;
  const waited_seconds = transfer.waitedMs / 1000;
  log.info(outcomes[status], {
    status,
    quarantined,
    settled,
    requests,
    retries,
    bytes,
    waited_seconds,
    seconds: summary.seconds,
  });
}

/** `12 requests, 1 retry, 3.4 MB, waited 2.0 s`; the wait only if there was one. */
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
