const minute = 60_000;
const hour = 60 * minute;

/** A duration for people: `350 ms`, `5.2 s`, `12 min`, `24 h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 2 * minute) return `${rounded(milliseconds / 1000)} s`;
  if (milliseconds < 2 * hour) return `${rounded(milliseconds / minute)} min`;
  return `${rounded(milliseconds / hour)} h`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
