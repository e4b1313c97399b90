/**
 * The `Date` of a response, in milliseconds since 1970: when the service answered, by its own
 * clock. Whole seconds; undefined without a valid one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 `Date`
 */
export function dateOf(headers: Readonly<Record<string, unknown>>): number | undefined {
  const { date } = headers;
  return typeof date === "string" ? parseHttpDate(date.trim()) : undefined;
}

/** Milliseconds since 1970. `Date.parse` alone would read "-5" as a day in May. */
export function parseHttpDate(header: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? .*\d/.test(header)) return undefined;
  const milliseconds = Date.parse(header);
  return milliseconds > 0 ? milliseconds : undefined;
}
