import { ConfigError } from "../../core/errors.ts";
import type { Destination } from "../../core/destination.ts";
import type { Curve } from "../terminal/chart.ts";
import { bestRuns, parseGoal } from "./best-runs.ts";
import { parseGroup } from "./group-runs.ts";
import { metricNames } from "./metrics.ts";
import { readRuns, runLabel, selectRows, type Run } from "./runs.ts";
import { selectNames, selectRuns } from "./select-names.ts";
import { mean, smooth } from "./shape-curves.ts";

/** What to draw, as a person names it. */
export interface CurveSelection {
  /** Runs, separated by commas. Absent: all. */
  readonly run?: string | undefined;
  /** Metrics, separated by commas. Absent: the one that runs are compared by. */
  readonly metric?: string | undefined;
  /** Only so many runs: the best by the metric `by`. */
  readonly best?: number | undefined;
  readonly by?: string | undefined;
  /** One curve for each value of this column or configuration key: the mean of its runs. */
  readonly group?: string | undefined;
  /** The weight of the past in the moving average; from 0 to below 1. */
  readonly smooth?: number | undefined;
  readonly x?: "step" | "time" | undefined;
}

/** More curves than this cannot be told apart. */
const maxCurves = 48;

/**
 * Reads the selected metrics of the selected runs. Throws a ConfigError that suggests similar names
 * if one does not exist.
 */
export async function readCurves(
  destination: Destination,
  selection: CurveSelection,
): Promise<readonly Curve[]> {
  const all = await readRuns(destination);
  if (all.length === 0) throw new ConfigError(`${destination.label}: has no runs yet; sync first`);
  const runs = await chooseRuns(destination, all, selection);
  const metrics = await chooseMetrics(destination, runs, selection);
  const groupOf = selection.group === undefined ? undefined : parseGroup(selection.group, runs);
  const count = metrics.length * (groupOf ? new Set(runs.map(groupOf)).size : runs.length);
  if (count > maxCurves) {
    const some = `--best 10 --by ${metrics[0] ?? ""}`;
    throw new ConfigError(
      `plot: ${count} curves cannot be told apart (at most ${maxCurves}); name fewer runs or metrics, or add ${some}`,
    );
  }
  const curves: Curve[] = [];
  for (const metric of metrics) {
    const read: (Curve & { readonly run: Run })[] = [];
    for (const run of runs) {
      const points = await readPoints(destination, run, { metric, x: selection.x });
      if (points.length > 0)
        read.push({ run, metric, label: `${runLabel(run)} ${metric}`, points });
    }
    if (read.length === 0) throw new ConfigError(`${ofRuns(metric, runs)}: has no numbers to plot`);
    curves.push(...(groupOf ? meanCurves(read, metric, groupOf) : read));
  }
  const weight = selection.smooth ?? 0;
  return curves.map(({ label, metric, points }) => ({
    label,
    metric,
    points: weight > 0 ? smooth(points, weight) : points,
  }));
}

async function chooseRuns(
  destination: Destination,
  all: readonly Run[],
  { run, metric, best, by }: CurveSelection,
): Promise<readonly Run[]> {
  const runs = run === undefined ? all : selectRuns(run, all);
  if (best === undefined) return runs;
  const goal = by ?? metric?.split(",")[0];
  if (goal === undefined) throw new ConfigError("--best: needs a metric; add --by loss");
  return await bestRuns(destination, runs, { count: best, goal: parseGoal(goal) });
}

async function chooseMetrics(
  destination: Destination,
  runs: readonly Run[],
  { metric, by }: CurveSelection,
): Promise<readonly string[]> {
  const wanted = metric ?? (by === undefined ? undefined : parseGoal(by).metric);
  if (wanted === undefined) throw new ConfigError("plot: name a metric, such as loss");
  const what = runs[0] && runs.length === 1 ? `run "${runs[0].key}"` : `these ${runs.length} runs`;
  return selectNames(wanted, await metricNames(destination, runs), `metric of ${what}`);
}

function ofRuns(metric: string, runs: readonly Run[]): string {
  const [run] = runs;
  return run && runs.length === 1
    ? `metric "${metric}" of run "${run.key}"`
    : `metric "${metric}" of these ${runs.length} runs`;
}

function meanCurves(
  curves: readonly (Curve & { readonly run: Run })[],
  metric: string,
  groupOf: (run: Run) => string,
): Curve[] {
  const groups = new Map<string, Curve["points"][]>();
  for (const { run, points } of curves) {
    const group = groupOf(run);
    groups.set(group, [...(groups.get(group) ?? []), points]);
  }
  return [...groups]
    .sort(([a], [b]) => Number(a) - Number(b) || a.localeCompare(b, "en"))
    .map(([group, members]) => {
      const runs = members.length === 1 ? "1 run" : `mean of ${members.length} runs`;
      return { metric, label: `${group} ${metric} (${runs})`, points: mean(members) };
    });
}

/**
 * The values of a metric by step, or by seconds since the run's first value. Skips what is not a
 * finite number: the line connects its neighbours.
 */
async function readPoints(
  destination: Destination,
  run: Run,
  { metric, x = "step" }: { readonly metric: string; readonly x: CurveSelection["x"] },
): Promise<Curve["points"]> {
  const column = x === "time" ? "timestamp" : "step";
  const query = `select "${column}" as x, metric_value from metrics where ${run.where}
    and metric_name = ? and metric_value is not null and not _deleted order by step`;
  const rows = await selectRows(destination, query, [...run.values, metric]);
  const start = x === "time" ? await firstInstant(destination, run) : 0;
  const toX = (value: unknown): number =>
    x === "time" ? (toInstant(value) - start) / 1000 : Number(value);
  return rows
    .map((row) => [toX(row["x"]), Number(row["metric_value"])] as const)
    .filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value))
    .sort(([a], [b]) => a - b);
}

async function firstInstant(destination: Destination, { where, values }: Run): Promise<number> {
  const query = `select min("timestamp") as first from metrics where ${where} and not _deleted`;
  const [row] = await selectRows(destination, query, values);
  return toInstant(row?.["first"]);
}

/** In milliseconds since 1970; NaN if there is none. */
function toInstant(value: unknown): number {
  return typeof value === "string" || value instanceof Date ? new Date(value).getTime() : NaN;
}
