const day = 86_400_000;

/**
 * Whether what was done last at this instant is to be done again, because so many days have passed; 0 days for never. What was never done is due. An
 * instant of a clock that was far ahead is no reason to wait for it.
 */
export function isDue(last: string | undefined, days: number, now: Date): boolean {
  return days > 0 && !(Math.abs(now.getTime() - Date.parse(last ?? "")) < days * day);
}
