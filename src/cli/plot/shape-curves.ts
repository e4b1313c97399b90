import type { Curve } from "../terminal/chart.ts";

type Points = Curve["points"];

/**
 * Exponential moving average, as W&B smooths: `weight` is what the past counts, from 0 to below 1.
 * The first values are not pulled to 0.
 */
export function smooth(points: Points, weight: number): Points {
  let [sum, total] = [0, 0];
  return points.map(([x, value]) => {
    sum = sum * weight + value * (1 - weight);
    total = total * weight + (1 - weight);
    return [x, sum / total] as const;
  });
}

/** How many points a mean has at most. */
const maxMeanPoints = 1000;

/**
 * The mean of curves at each x that one of them has. Between its points a curve is a straight line;
 * before its first and after its last one it does not count.
 */
export function mean(curves: readonly Points[]): Points {
  const all = [...new Set(curves.flatMap((points) => points.map(([x]) => x)))];
  const sorted = all.sort((a, b) => a - b);
  const stride = Math.ceil(sorted.length / maxMeanPoints);
  const xs = sorted.filter((_x, index) => index % stride === 0 || index === sorted.length - 1);
  const lines = curves.map((points) => interpolate(points, xs));
  return xs.map((x, index) => {
    const values = lines.flatMap((line) => line[index] ?? []);
    // Divided first: the sum may be infinite.
    return [x, values.reduce((sum, value) => sum + value / values.length, 0)] as const;
  });
}

/** The values of a curve at ascending `xs`; undefined outside of it. */
function interpolate(points: Points, xs: readonly number[]): readonly (number | undefined)[] {
  let next = 0;
  return xs.map((x) => {
    while (next < points.length && (points[next]?.[0] ?? 0) < x) next += 1;
    const [after, before] = [points[next], points[next - 1]];
    if (!after) return undefined;
    if (after[0] === x) return after[1];
    if (!before) return undefined;
    const part = (x - before[0]) / (after[0] - before[0]);
    return before[1] * (1 - part) + after[1] * part;
  });
}
