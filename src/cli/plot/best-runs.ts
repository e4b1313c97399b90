import { ConfigError } from "../../core/errors.ts";
import type { Destination } from "../../core/destination.ts";
import { bestOf } from "../../core/metric-goal.ts";
import { metricNames } from "./metrics.ts";
import { asText, selectRows, type Run } from "./runs.ts";
import { selectNames } from "./select-names.ts";

/** The metric that runs are compared by, and which of its values is the best. */
export interface Goal {
  readonly metric: string;
  readonly best: "min" | "max";
}

/**
 * Reads `loss`, `loss:min` or `acc:max`. Without a suffix, the name decides: of `val/acc` the
 * highest value is the best, of a metric that is not known to be such a one, the lowest.
 */
export function parseGoal(text: string): Goal {
  const [, metric = text, best] = /^(.+):(min|max)$/.exec(text) ?? [];
  if (best === "min" || best === "max") return { metric, best };
  return { metric, best: bestOf(text) };
}

interface BestRuns {
  readonly count: number;
  readonly goal: Goal;
}

/** The best of some runs by a metric, the best first. Throws a ConfigError if none has it. */
export async function bestRuns(
  destination: Destination,
  runs: readonly Run[],
  { count, goal: { metric, best } }: BestRuns,
): Promise<readonly Run[]> {
  const keyColumns = runs[0]?.values.length === 2 ? "project, run_id" : "run_id";
  const rows = await selectRows(
    destination,
    `select ${keyColumns}, ${best}(metric_value) as best from metrics
     where metric_name = ? and metric_value is not null and not _deleted group by ${keyColumns}`,
    [metric],
  );
  const values = new Map(
    rows.map((row) => [
      keyColumns
        .split(", ")
        .map((column) => asText(row[column]))
        .join("/"),
      Number(row["best"]),
    ]),
  );
  const sign = best === "min" ? 1 : -1;
  const ranked = runs
    .flatMap((run) => {
      const value = values.get(run.key);
      return value === undefined ? [] : [{ run, value }];
    })
    .sort((a, b) => sign * (a.value - b.value));
  if (ranked.length > 0) return ranked.slice(0, count).map(({ run }) => run);
  selectNames(metric, await metricNames(destination, runs), "metric of --by");
  throw new ConfigError(`--by ${metric}: has no numbers to compare runs by; name another metric`);
}
