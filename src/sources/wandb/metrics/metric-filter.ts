import type { WandbConfig } from "../connection/config.ts";

/** Whether a metric is copied. */
export type MetricFilter = (name: string) => boolean;

const underscore = 95;

/**
 * The metrics that are included and not excluded. Names that begin with an underscore are the service's own (`_runtime`); only a
 * pattern that begins with one includes them.
 */
export function metricFilter({ include, exclude }: WandbConfig["metrics"]): MetricFilter {
  if (exclude.length === 0 && include.length === 1 && include[0] === "*") return isUsers;
  const included = include.map((pattern) => ({
    matches: matcher(pattern),
    own: pattern.startsWith("_"),
  }));
  const excluded = exclude.map(matcher);
  return remembered((name) => {
    const isIn = included.some(({ matches, own }) => (own || isUsers(name)) && matches(name));
    return isIn && !excluded.some((matches) => matches(name));
  });
}

function isUsers(name: string): boolean {
  return name.charCodeAt(0) !== underscore;
}

function matcher(pattern: string): MetricFilter {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join("[^]*")}$`);
  return (name) => whole.test(name);
}

const mostNames = 10_000;

/** The same few names come with every step. */
function remembered(filter: MetricFilter): MetricFilter {
  const known = new Map<string, boolean>();
  return (name) => {
    const answer = known.get(name) ?? filter(name);
    if (known.size >= mostNames) known.clear();
    known.set(name, answer);
    return answer;
  };
}
