import { bestOf } from "../core/metric-goal.ts";
import type { ExperimentsBlock } from "./blocks.ts";
import { commonNames, numbersOf, type Experiment } from "./experiment.ts";

const notFinite = /^[+-]?(?:NaN|inf(?:inity)?)$/i;

/** A last value that is so many times the median has diverged. */
const farBeyond = 1000;

/**
 * Experiments whose last value of a metric is no finite number or, where less is better, is a
 * thousand times the median.
 */
export function findDiverged(experiments: readonly Experiment[]): ExperimentsBlock["diverged"] {
  const found = new Map<Experiment, string>();
  for (const experiment of experiments)
    for (const [metric, value] of experiment.results)
      if (typeof value === "string" && notFinite.test(value))
        found.set(experiment, `${metric} is ${value}`);
  for (const metric of commonNames(experiments.map(({ results }) => results))) {
    if (bestOf(metric) === "max") continue;
    const numbers = numbersOf(experiments, metric).toSorted((a, b) => a.value - b.value);
    const median = numbers[Math.floor(numbers.length / 2)]?.value ?? 0;
    if (median <= 0) continue;
    for (const { experiment, value } of numbers)
      if (value > median * farBeyond && !found.has(experiment))
        found.set(
          experiment,
          `${metric} is ${value.toPrecision(3)}; the median is ${median.toPrecision(3)}`,
        );
  }
  return [...found].map(([{ name }, why]) => ({ name, why }));
}
