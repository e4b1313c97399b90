/** The text of a header that was sent once; otherwise empty. */
export function textIn(header: unknown): string {
  return typeof header === "string" ? header.trim() : "";
}

/** The whole number in a header; undefined if it holds anything else. */
export function wholeNumberIn(header: unknown): number | undefined {
  const text = textIn(header);
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * A header's seconds from now, or seconds since 1970, as milliseconds from now; undefined if it
 * holds anything else.
 */
export function secondsIn(header: unknown, now: number): number | undefined {
  const text = textIn(header);
  if (!/^\d{1,12}(?:\.\d+)?$/.test(text)) return undefined;
  const milliseconds = Number(text) * 1000;
  const year2001 = 1e12;
  return milliseconds < year2001 ? milliseconds : milliseconds - now;
}
