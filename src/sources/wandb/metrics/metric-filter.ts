import type { WandbConfig } from "../connection/config.ts";

/** Whether to copy the metric of this name. */
export type MetricFilter = (name: string) => boolean;

const underscore = 95;

/**
 * A filter for metrics that are included and not excluded. Names that begin with an underscore are
 * the service's own (`_runtime`); only a pattern that begins with one includes them.
 */
export function metricFilter({ include, exclude }: WandbConfig["metrics"]): MetricFilter {
  if (exclude.length === 0 && include.length === 1 && include[0] === "*") return isUserMetric;
  const included = include.map((pattern) => ({
    matches: compilePattern(pattern),
    includesOwn: pattern.startsWith("_"),
  }));
  const excluded = exclude.map(compilePattern);
  return memoize((name) => {
    const isIncluded = included.some(
      ({ matches, includesOwn }) => (includesOwn || isUserMetric(name)) && matches(name),
    );
    return isIncluded && !excluded.some((matches) => matches(name));
  });
}

function isUserMetric(name: string): boolean {
  return name.charCodeAt(0) !== underscore;
}

function compilePattern(pattern: string): MetricFilter {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join("[^]*")}$`);
  return (name) => expression.test(name);
}

const maxMemoized = 10_000;

/** Every step has the same few names. */
function memoize(filter: MetricFilter): MetricFilter {
  const results = new Map<string, boolean>();
  return (name) => {
    const result = results.get(name) ?? filter(name);
    if (results.size >= maxMemoized) results.clear();
    results.set(name, result);
    return result;
  };
}
