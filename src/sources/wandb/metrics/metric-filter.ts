import type { WandbConfig } from "../connection/config.ts";

/** Whether a metric is copied. */
export type MetricFilter = (name: string) => boolean;

const underscore = 95;

/**
 * The metrics that are included and not excluded. Names that begin with an underscore are the service's own (`_runtime`); only a
 * pattern that begins with one includes them.
 */
export function metricFilter({ include, exclude }: WandbConfig["metrics"]): MetricFilter {
  if (exclude.length === 0 && include.length === 1 && include[0] === "*") return isUserMetric;
  const included = include.map((pattern) => ({
    matches: compilePattern(pattern),
    own: pattern.startsWith("_"),
  }));
  const excluded = exclude.map(compilePattern);
  return memoize((name) => {
    const isIn = included.some(({ matches, own }) => (own || isUserMetric(name)) && matches(name));
    return isIn && !excluded.some((matches) => matches(name));
  });
}

function isUserMetric(name: string): boolean {
  return name.charCodeAt(0) !== underscore;
}

function compilePattern(pattern: string): MetricFilter {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join("[^]*")}$`);
  return (name) => whole.test(name);
}

const maxMemoized = 10_000;

/** The same few names come with every step. */
function memoize(filter: MetricFilter): MetricFilter {
  const known = new Map<string, boolean>();
  return (name) => {
    const answer = known.get(name) ?? filter(name);
    if (known.size >= maxMemoized) known.clear();
    known.set(name, answer);
    return answer;
  };
}
