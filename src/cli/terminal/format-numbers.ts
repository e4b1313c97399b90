/** A whole number with separators. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
