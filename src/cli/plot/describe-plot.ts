import { ConfigError } from "../../core/errors.ts";
import type { Curve, Plot } from "../terminal/chart.ts";
import { parseGoal } from "./best-runs.ts";
import type { CurveSelection } from "./read-curves.ts";

interface PlotOptions extends Pick<CurveSelection, "by" | "best" | "smooth" | "x"> {
  readonly logY: boolean;
}

/**
 * Adds a title and the names of the axes to curves; their times become minutes, hours or days. On a
 * logarithmic axis, leaves out the values that it has no place for, and counts them as `hidden`.
 */
export function describePlot(
  curves: readonly Curve[],
  { logY, smooth = 0, x = "step", best, by }: PlotOptions,
): Plot & { readonly hidden: number } {
  const positive = logY ? curves.map(onlyPositive) : curves;
  const [before, after] = [countPoints(curves), countPoints(positive)];
  if (after === 0 && before > 0)
    throw new ConfigError("--log-y: no value is above 0; leave it out");
  const unit = x === "time" ? timeUnit(positive) : { name: "step", seconds: 1 };
  const goal = by === undefined ? undefined : parseGoal(by);
  const notes = [
    ...(best !== undefined && goal
      ? [`best by ${goal.best === "min" ? "lowest" : "highest"} ${goal.metric}`]
      : []),
    ...(smooth > 0 ? [`smoothed ${smooth}`] : []),
    ...(logY ? ["log axis"] : []),
  ];
  const metrics = [...new Set(curves.map(({ metric }) => metric))];
  const subject = metrics.length <= maxNamed ? metrics.join(", ") : `${metrics.length} metrics`;
  return {
    curves: positive.map((curve) => inUnit(curve, unit.seconds)),
    title: [`${subject} by ${x}`, ...notes].join(", "),
    xName: unit.name,
    logY,
    hidden: before - after,
  };
}

function countPoints(curves: readonly Curve[]): number {
  return curves.reduce((sum, { points }) => sum + points.length, 0);
}

/** Metrics that a title names; of more, only their number. */
const maxNamed = 4;

function onlyPositive(curve: Curve): Curve {
  return { ...curve, points: curve.points.filter(([, value]) => value > 0) };
}

function inUnit(curve: Curve, seconds: number): Curve {
  if (seconds === 1) return curve;
  return { ...curve, points: curve.points.map(([x, value]) => [x / seconds, value] as const) };
}

const units = [
  { name: "days since the start", seconds: 86_400 },
  { name: "hours since the start", seconds: 3600 },
  { name: "minutes since the start", seconds: 60 },
];

/** The largest unit of which the curves last at least two. */
function timeUnit(curves: readonly Curve[]): { readonly name: string; readonly seconds: number } {
  const longest = curves.reduce((most, { points }) => Math.max(most, points.at(-1)?.[0] ?? 0), 0);
  const unit = units.find(({ seconds }) => longest >= 2 * seconds);
  return unit ?? { name: "seconds since the start", seconds: 1 };
}
