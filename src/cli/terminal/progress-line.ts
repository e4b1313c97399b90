import type { PartitionCount, Units } from "../../core/source.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { formatCount } from "./format-numbers.ts";

/** How far the sync of a stream is. */
export interface StreamStatus {
  readonly stream: string;
  readonly units: Units;
  readonly rows: number;
  /** How many rows there will be, if that is known. */
  readonly expected?: number | undefined;
  readonly partitions?: PartitionCount | undefined;
  /** Since the stream was started. */
  readonly seconds: number;
  readonly requests: number;
  /** How long the service wants no requests, from now; 0 if it accepts them. */
  readonly pauseSeconds: number;
}

/** A piece of the line. If not all fit, those with the lowest priority are left out. */
interface Segment {
  readonly text: string;
  readonly priority: number;
}

const barWidth = 20;

/**
 * One line of progress, at most `width` - 1 characters long:
 * `metrics  ████░░░░  120 of 500 runs  48,120 values  8,120 values/s  12 requests/s  5 s left`.
 */
export function formatProgressLine(progress: StreamStatus, width: number): string {
  const { stream, units, rows, expected, partitions, pauseSeconds } = progress;
  const seconds = Math.max(progress.seconds, 0.001);
  const isCounted = units.partitions !== undefined && partitions !== undefined;
  const rowsText = `${formatOfTotal(rows, isCounted ? undefined : expected)} ${units.rows}`;
  const requestRate = progress.requests / seconds;
  const fraction = fractionDone(progress);
  const left = fraction !== undefined && fraction > 0 ? seconds / fraction - seconds : 0;
  const segments: (Segment | undefined)[] = [
    { text: visibleLine(stream), priority: 9 },
    fraction === undefined ? undefined : { text: progressBar(fraction), priority: 1 },
    isCounted
      ? {
          text: `${formatOfTotal(partitions.done, partitions.of)} ${units.partitions ?? ""}`,
          priority: 8,
        }
      : undefined,
    { text: rowsText, priority: isCounted ? 2 : 7 },
    rows > 0 ? { text: `${formatCount(rows / seconds)} ${units.rows}/s`, priority: 6 } : undefined,
    { text: `${formatRate(requestRate)} requests/s`, priority: 3 },
    pauseSeconds > 0
      ? { text: `paused by the service for ${formatRoundedDuration(pauseSeconds)}`, priority: 5 }
      : undefined,
    left > 0 && pauseSeconds === 0
      ? { text: `${formatRoundedDuration(left)} left`, priority: 4 }
      : undefined,
  ];
  return fitSegments(
    segments.filter((segment) => segment !== undefined),
    width - 1,
  );
}

/** How much of the stream is done, from 0 to 1; undefined if its size is unknown. */
function fractionDone({ rows, expected, partitions }: StreamStatus): number | undefined {
  if (expected !== undefined && expected > 0) return Math.min(1, rows / expected);
  const { done, of } = partitions ?? {};
  return done !== undefined && of !== undefined && of > 0 ? Math.min(1, done / of) : undefined;
}

function formatOfTotal(value: number, total: number | undefined): string {
  return total !== undefined && total > 0
    ? `${formatCount(value)} of ${formatCount(total)}`
    : formatCount(value);
}

/** Low rates have a decimal: 0 requests/s would look like a standstill. */
function formatRate(value: number): string {
  return value < 10 ? value.toFixed(1) : formatCount(value);
}

function progressBar(fraction: number): string {
  const filled = Math.round(fraction * barWidth);
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
}

function formatRoundedDuration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${formatCount(minutes)} min` : `${formatCount(minutes / 60)} h`;
}

/**
 * Joins as many segments as fit, the most important ones; cuts off a single one that is too long.
 */
function fitSegments(segments: readonly Segment[], width: number): string {
  const line = segments.map(({ text }) => text).join("  ");
  if (line.length <= width || segments.length === 1) return line.slice(0, width);
  const least = Math.min(...segments.map(({ priority }) => priority));
  return fitSegments(
    segments.filter(({ priority }) => priority > least),
    width,
  );
}
