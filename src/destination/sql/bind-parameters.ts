import { sql, type RawBuilder } from "kysely";

/** A string, a quoted name, a comment, or a parameter's question mark. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|\?/g;

/**
 * A query with its parameters: each `?` stands for one of them, in order. A `?` in a string, a
 * quoted name or a comment stands for itself.
 */
export function bindParameters(
  query: string,
  parameters: readonly (string | number)[],
): RawBuilder<Record<string, unknown>> {
  const fragments: RawBuilder<unknown>[] = [];
  let start = 0;
  let bound = 0;
  for (const { 0: found, index } of query.matchAll(token)) {
    if (found !== "?") continue;
    fragments.push(sql.raw(query.slice(start, index)), sql`${parameters[bound]}`);
    start = index + 1;
    bound += 1;
  }
  return sql`${sql.join([...fragments, sql.raw(query.slice(start))], sql``)}`;
}
