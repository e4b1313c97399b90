import type { Destination } from "../core/destination.ts";
import { bestOf } from "../core/metric-goal.ts";
import type { ExperimentSection } from "../core/report.ts";
import type { MetricCurves } from "./blocks.ts";
import { commonNames, numbersOf, type Experiment } from "./experiment.ts";
import { selectIfExists } from "./query-section.ts";

const maxMetrics = 8;
const curvesPerMetric = 8;
const maxPoints = 400;

interface CurveSource {
  readonly section: ExperimentSection;
  readonly keyColumns: readonly string[];
}

/** The curves of the experiments with the best last values, for the metrics that most have. */
export async function readBestCurves(
  destination: Destination,
  experiments: readonly Experiment[],
  source: CurveSource,
): Promise<readonly MetricCurves[]> {
  const metrics: MetricCurves[] = [];
  for (const metric of commonNames(
    experiments.map(({ results }) => results),
    Infinity,
  )) {
    if (metrics.length === maxMetrics) break;
    const best = bestOf(metric);
    const sign = best === "min" ? 1 : -1;
    const ranked = [...numbersOf(experiments, metric)].sort((a, b) => sign * (a.value - b.value));
    const curves = [];
    for (const { experiment } of ranked.slice(0, curvesPerMetric)) {
      const points = await readPoints(destination, experiment, { ...source, metric });
      if (points.length > 1) curves.push({ name: experiment.name, points: thinned(points) });
    }
    if (curves.length > 0) metrics.push({ metric, best, curves });
  }
  return metrics;
}

async function readPoints(
  destination: Destination,
  { key }: Experiment,
  { section: { curves }, keyColumns, metric }: CurveSource & { readonly metric: string },
): Promise<MetricCurves["curves"][number]["points"]> {
  const rows = await selectIfExists(
    destination,
    `SELECT "${curves.step}" AS x, "${curves.value}" AS y FROM "${curves.table}"
     WHERE ${keyColumns.map((column) => `"${column}" = ?`).join(" AND ")} AND "${curves.metric}" = ?
     AND "${curves.value}" IS NOT NULL AND NOT _deleted ORDER BY 1`,
    [...key, metric],
  );
  return rows
    .map(({ x, y }) => [Number(x), Number(y)] as const)
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
}

/** Fewer points, with the lowest and the highest of each stretch, so that peaks stay. */
function thinned<Point extends readonly [number, number]>(points: readonly Point[]): Point[] {
  if (points.length <= maxPoints) return [...points];
  const size = Math.ceil(points.length / (maxPoints / 2));
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += size) {
    const stretch = points.slice(start, start + size).sort((a, b) => a[1] - b[1]);
    const ends = [stretch[0], stretch.at(-1)].filter((point) => point !== undefined);
    kept.push(...[...new Set(ends)].sort((a, b) => a[0] - b[0]));
  }
  return kept;
}
