import type { GeneratedHistory } from "./generated-history.ts";
import { seededRandom } from "../random.ts";

export interface SyntheticOptions {
  /** Another number, other values. */
  readonly run: number;
  readonly steps: number;
  readonly metrics: number;
}

/** A history of which nothing is kept: each row follows from the run and the step. Metrics are called `metric_0` and so on. */
export function syntheticHistory({ run, steps, metrics }: SyntheticOptions): GeneratedHistory {
  const { keys, values } = cachedMetrics(metrics);
  const line = (step: number): string => {
    const place = Math.imul(run * 7919 + step + 1, 0x9e3779b1) >>> 20;
    return `{"_step":${step},"_timestamp":${firstSecond + run * 10 + step}.25,"_runtime":${step}.25${values[place] ?? ""}}`;
  };
  return { lastStep: steps - 1, keys, line };
}

const firstSecond = Date.UTC(2026, 0, 1) / 1000;

interface Metrics {
  readonly keys: readonly string[];
  /** 4096 ways in which a row may go on: to spell numbers takes longer than all else that the stand-in does. */
  readonly values: readonly string[];
}

const metricsByCount = new Map<number, Metrics>();

function cachedMetrics(count: number): Metrics {
  const metrics = metricsByCount.get(count) ?? generateMetrics(count);
  metricsByCount.set(count, metrics);
  return metrics;
}

function generateMetrics(count: number): Metrics {
  const random = seededRandom(count);
  const names = Array.from({ length: count }, (_, metric) => `metric_${metric}`);
  const values = Array.from({ length: 4096 }, () =>
    names.map((name) => `,"${name}":${random()}`).join(""),
  );
  return { keys: [...names, "_step", "_timestamp", "_runtime"], values };
}
