const dayMs = 86_400_000;

/**
 * Whether a periodic job is due: it never ran, or |now − last| is at least `days`. 0 days: never.
 * The difference is absolute so that a `last` from a clock that ran ahead does not postpone it.
 */
export function isDue(last: string | undefined, days: number, now: Date): boolean {
  return days > 0 && !(Math.abs(now.getTime() - Date.parse(last ?? "")) < days * dayMs);
}
