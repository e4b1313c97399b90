import { seededRandom } from "../random.ts";
import type { GeneratedHistory } from "./generated-history.ts";

/** The size of a synthetic history. */
interface SyntheticOptions {
  /** Selects the values: another number gives other values. */
  readonly run: number;
  readonly steps: number;
  readonly metrics: number;
  /** The first step (default 0), such as a time in milliseconds. */
  readonly firstStep?: number;
}

/**
 * A history that takes no memory: each row derives from the run and the step. Its metrics are
 * `metric_0`, `metric_1` and so on.
 */
export function syntheticHistory(options: SyntheticOptions): GeneratedHistory {
  const { run, steps, metrics, firstStep = 0 } = options;
  const { keys, values } = cachedMetrics(metrics);
  const line = (step: number): string => {
    const index = Math.imul(run * 7919 + step + 1, 0x9e3779b1) >>> 20;
    const second = step - firstStep;
    return `{"_step":${step},"_timestamp":${firstSecond + run * 10 + second}.25,"_runtime":${second}.25${values[index] ?? ""}}`;
  };
  return { firstStep, lastStep: firstStep + steps - 1, keys, line };
}

const firstSecond = Date.UTC(2026, 0, 1) / 1000;

interface Metrics {
  readonly keys: readonly string[];
  /**
   * 4096 preformatted ends of rows, because formatting numbers costs more than everything else
   * here.
   */
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
