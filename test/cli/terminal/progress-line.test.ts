import { describe, expect, test } from "vitest";
import {
  formatProgressLine,
  type StreamProgress,
} from "../../../src/cli/terminal/progress-line.ts";

const metrics: StreamProgress = {
  stream: "metrics",
  units: { rows: "values", partitions: "runs" },
  rows: 48_120,
  partitions: { done: 120, of: 480 },
  seconds: 10,
  requests: 42,
  pauseSeconds: 0,
};
const items: StreamProgress = {
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
  test("counts the partitions where they have a name", () => {
    expect(formatProgressLine(metrics, 130)).toBe(
      "metrics  █████░░░░░░░░░░░░░░░  120 of 480 runs  48,120 values  4,812 values/s  4.2 requests/s  30 s left",
    );
  });

  test("counts rows where they have none", () => {
    expect(formatProgressLine(items, 130)).toBe(
      "opik_dataset_item  ██████████░░░░░░░░░░  500 of 1,000 rows  500 rows/s  30 requests/s  1 s left",
    );
  });

  test("says that the service wants a pause, and then not how long the rest takes", () => {
    const line = formatProgressLine({ ...metrics, pauseSeconds: 11.2 }, 130);
    expect(line).toMatch(/ waiting 12 s, as the service asks$/);
    expect(line).not.toMatch(/left/);
  });

  test("on a narrow terminal leaves out what matters least", () => {
    expect(formatProgressLine(metrics, 80)).toBe(
      "metrics  120 of 480 runs  4,812 values/s  4.2 requests/s  30 s left",
    );
    expect(formatProgressLine({ ...metrics, pauseSeconds: 100 }, 80)).toBe(
      "metrics  120 of 480 runs  4,812 values/s  waiting 2 min, as the service asks",
    );
    expect(formatProgressLine(metrics, 30)).toBe("metrics  120 of 480 runs");
    expect(formatProgressLine(metrics, 5)).toBe("metr");
  });

  test("promises nothing before something has arrived, or where nobody knows how much there is", () => {
    const begun = { ...metrics, rows: 0, partitions: { done: 0, of: 480 } };
    expect(formatProgressLine(begun, 80)).toBe(
      "metrics  ░░░░░░░░░░░░░░░░░░░░  0 of 480 runs  0 values  4.2 requests/s",
    );
    expect(formatProgressLine({ ...metrics, partitions: { done: 120 } }, 80)).toBe(
      "metrics  120 runs  48,120 values  4,812 values/s  4.2 requests/s",
    );
  });
});
