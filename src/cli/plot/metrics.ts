import type { Destination } from "../../core/destination.ts";
import { asText, selectRows, type Run } from "./runs.ts";

/** How many runs one query names: databases limit their parameters. */
const runsPerQuery = 500;

/** The names of all metrics of some runs, in alphabetical order. */
export async function metricNames(
  destination: Destination,
  runs: readonly Run[],
): Promise<readonly string[]> {
  const counts = await countMetrics(destination, runs);
  return [...counts.keys()];
}

/** How many values some runs have of each metric, by its name in alphabetical order. */
export async function countMetrics(
  destination: Destination,
  runs: readonly Run[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let index = 0; index < runs.length; index += runsPerQuery) {
    const some = runs.slice(index, index + runsPerQuery);
    const rows = await selectRows(
      destination,
      `select metric_name, count(*) as n from metrics
       where not _deleted and (${some.map(({ where }) => `(${where})`).join(" or ")})
       group by metric_name`,
      some.flatMap(({ values }) => values),
    );
    for (const { metric_name, n } of rows) {
      const name = asText(metric_name);
      counts.set(name, (counts.get(name) ?? 0) + Number(n));
    }
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
