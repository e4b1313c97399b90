import { describe, expect, test } from "vitest";
import { formatProgressLine, type StreamStatus } from "../../../src/cli/terminal/progress-line.ts";

const metrics: StreamStatus = {
  stream: "metrics",
  units: { rows: "values", partitions: "runs" },
  rows: 48_120,
  partitions: { done: 120, of: 480 },
  seconds: 10,
  requests: 42,
  pauseSeconds: 0,
};
const items: StreamStatus = {
  stream: "opik_dataset_item",
  units: { rows: "rows" },
  rows: 500,
  expected: 1000,
  partitions: { done: 1, of: 12 },
  seconds: 1,
  requests: 30,
  pauseSeconds: 0,
};

describe("a line of progress", () => {
  test("counts partitions if they have a name", () => {
    expect(formatProgressLine(metrics, 130)).toBe(
      "metrics  █████░░░░░░░░░░░░░░░  120 of 480 runs  48,120 values  4,812 values/s  4.2 requests/s  30 s left",
    );
  });

  test("counts rows if partitions have no name", () => {
    expect(formatProgressLine(items, 130)).toBe(
      "opik_dataset_item  ██████████░░░░░░░░░░  500 of 1,000 rows  500 rows/s  30 requests/s  1 s left",
    );
  });

  test("shows a pause that the service requested instead of the time left", () => {
    const line = formatProgressLine({ ...metrics, pauseSeconds: 11.2 }, 130);
    expect(line).toMatch(/ paused by the service for 12 s$/);
    expect(line).not.toMatch(/left/);
  });

  test("leaves out the least important parts on a narrow terminal", () => {
    expect(formatProgressLine(metrics, 80)).toBe(
      "metrics  120 of 480 runs  4,812 values/s  4.2 requests/s  30 s left",
    );
    expect(formatProgressLine({ ...metrics, pauseSeconds: 100 }, 80)).toBe(
      "metrics  120 of 480 runs  4,812 values/s  paused by the service for 2 min",
    );
    expect(formatProgressLine(metrics, 30)).toBe("metrics  120 of 480 runs");
    expect(formatProgressLine(metrics, 5)).toBe("metr");
  });

  test("estimates nothing before the first rows, or if the size is unknown", () => {
    const started = { ...metrics, rows: 0, partitions: { done: 0, of: 480 } };
    expect(formatProgressLine(started, 80)).toBe(
      "metrics  ░░░░░░░░░░░░░░░░░░░░  0 of 480 runs  0 values  4.2 requests/s",
    );
    expect(formatProgressLine({ ...metrics, partitions: { done: 120 } }, 80)).toBe(
      "metrics  120 runs  48,120 values  4,812 values/s  4.2 requests/s",
    );
  });
});
