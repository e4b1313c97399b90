import type { NamingRules } from "./dialect.ts";
import { escapeUnstorable } from "./text-escaping.ts";

/** The system column that holds when a row was last changed by a sync. */
export const syncedAtColumn = "_synced_at";

/** The system column that marks a row as deleted at the source. */
export const deletedColumn = "_deleted";

/** The names of the system columns. */
export const systemColumnNames = [syncedAtColumn, deletedColumn] as const;

/**
 * The database name of each source column: its own name if that is free. A name that is reserved,
 * or that the database cannot tell from another column's, is prefixed with underscores until it is
 * unique. Columns that exist keep their names, in whatever order the source declares them.
 */
export function assignColumnNames(
  sources: readonly string[],
  existing: ReadonlySet<string>,
  naming: NamingRules,
): ReadonlyMap<string, string> {
  const { foldCase, toDatabaseName, reserved } = naming;
  const existingFolded = new Set([...existing].map(foldCase));
  const used = new Set([...reserved, foldCase(syncedAtColumn), foldCase(deletedColumn)]);
  const result = new Map<string, string>();
  const claim = (source: string, name: string): void => {
    if (result.has(source) || used.has(foldCase(name))) return;
    used.add(foldCase(name));
    result.set(source, name);
  };
  const wanted = sources.map((source) => ({
    source,
    name: toDatabaseName(escapeUnstorable(source)),
  }));
  for (const { source, name } of wanted) if (existing.has(name)) claim(source, name);
  for (const { source, name } of wanted) {
    if (!existingFolded.has(foldCase(name))) claim(source, name);
  }
  const blocked = wanted
    .filter(({ source }) => !result.has(source))
    .map(({ source, name }) => ({ source, candidates: underscoredNames(name, toDatabaseName) }));
  const depth = existing.size + sources.length;
  for (const { source, candidates } of blocked) {
    for (const name of candidates(depth)) if (existing.has(name)) claim(source, name);
  }
  for (const { source, candidates } of blocked) {
    for (const name of candidates(depth + 2)) {
      if (!existingFolded.has(foldCase(name))) claim(source, name);
    }
  }
  return result;
}

/** Yields the name with one, two, three… underscores before it. */
function underscoredNames(name: string, toDatabaseName: NamingRules["toDatabaseName"]) {
  return function* (count: number): Generator<string> {
    let candidate = name;
    for (let depth = 0; depth < count; depth += 1)
      yield (candidate = toDatabaseName(`_${candidate}`));
  };
}
