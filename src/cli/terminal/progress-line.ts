import type { PartitionCount, Units } from "../../core/source.ts";
import { formatCount } from "./format-numbers.ts";

/** How far a stream is. */
export interface StreamProgress {
  readonly stream: string;
  readonly units: Units;
  readonly rows: number;
  /** How many rows there will be, where that is known. */
  readonly expected?: number | undefined;
  readonly partitions?: PartitionCount | undefined;
  /** Since the stream was begun. */
  readonly seconds: number;
  readonly requests: number;
  /** How long the service still wants nothing to be asked; 0 where it does not. */
  readonly pauseSeconds: number;
}

/** A piece of the line; of two that do not both fit, the one with the higher rank stays. */
interface Segment {
  readonly text: string;
  readonly priority: number;
}

const barWidth = 20;

/** `metrics  ████░░░░  120 of 500 runs  48,120 values  8,120 values/s  12 requests/s  5 s left`, as much of it as fits. */
export function formatProgressLine(standing: StreamProgress, width: number): string {
  const { stream, units, rows, expected, partitions, pauseSeconds } = standing;
  const seconds = Math.max(standing.seconds, 0.001);
  const isCounted = units.partitions !== undefined && partitions !== undefined;
  const rowsText = `${formatOfTotal(rows, isCounted ? undefined : expected)} ${units.rows}`;
  const requestRate = standing.requests / seconds;
  const part = fractionDone(standing);
  const left = part !== undefined && part > 0 ? seconds / part - seconds : 0;
  const pieces: (Segment | undefined)[] = [
    { text: stream, priority: 9 },
    part === undefined ? undefined : { text: progressBar(part), priority: 1 },
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
      ? { text: `waiting ${formatRoundedDuration(pauseSeconds)}, as the service asks`, priority: 5 }
      : undefined,
    left > 0 && pauseSeconds === 0
      ? { text: `${formatRoundedDuration(left)} left`, priority: 4 }
      : undefined,
  ];
  return fitSegments(
    pieces.filter((piece) => piece !== undefined),
    width - 1,
  );
}

/** Which part of the stream is done, from 0 to 1; undefined where nothing says how much there is. */
function fractionDone({ rows, expected, partitions }: StreamProgress): number | undefined {
  if (expected !== undefined && expected > 0) return Math.min(1, rows / expected);
  const { done, of } = partitions ?? {};
  return done !== undefined && of !== undefined && of > 0 ? Math.min(1, done / of) : undefined;
}

function formatOfTotal(value: number, all: number | undefined): string {
  return all !== undefined && all > 0
    ? `${formatCount(value)} of ${formatCount(all)}`
    : formatCount(value);
}

/** Few requests are counted in tenths: 0 a second would say that nothing happens. */
function formatRate(value: number): string {
  return value < 10 ? value.toFixed(1) : formatCount(value);
}

function progressBar(part: number): string {
  const filled = Math.round(part * barWidth);
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
}

function formatRoundedDuration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${formatCount(minutes)} min` : `${formatCount(minutes / 60)} h`;
}

/** The pieces that fit, without the least important ones; at last, as much of the first as fits. */
function fitSegments(pieces: readonly Segment[], width: number): string {
  const text = pieces.map((piece) => piece.text).join("  ");
  if (text.length <= width || pieces.length === 1) return text.slice(0, width);
  const least = Math.min(...pieces.map(({ priority }) => priority));
  return fitSegments(
    pieces.filter(({ priority }) => priority > least),
    width,
  );
}
