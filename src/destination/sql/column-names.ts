import type { NamingRules } from "./dialect.ts";
import { escapeUnstorable } from "./text-escaping.ts";

/** Our columns at the end of every stream's table. */
export const syncedAtColumn = "_synced_at";
export const deletedColumn = "_deleted";

/**
 * The name in the database of each of a source's columns: its own, where that is free. One that is ours, that the database keeps for itself,
 * or that it cannot tell from another's, gets underscores put before it until it is unique. What the table already has is found
 * again, in whatever order columns are declared.
 */
export function assignColumnNames(
  sources: readonly string[],
  existing: ReadonlySet<string>,
  names: NamingRules,
): ReadonlyMap<string, string> {
  const { foldCase, toDatabaseName, reserved } = names;
  const stands = new Set([...existing].map(foldCase));
  const taken = new Set([...reserved, foldCase(syncedAtColumn), foldCase(deletedColumn)]);
  const result = new Map<string, string>();
  const claim = (source: string, name: string): void => {
    if (result.has(source) || taken.has(foldCase(name))) return;
    taken.add(foldCase(name));
    result.set(source, name);
  };
  const wanted = sources.map((source) => ({
    source,
    name: toDatabaseName(escapeUnstorable(source)),
  }));
  for (const { source, name } of wanted) if (existing.has(name)) claim(source, name);
  for (const { source, name } of wanted) if (!stands.has(foldCase(name))) claim(source, name);
  const blocked = wanted
    .filter(({ source }) => !result.has(source))
    .map(({ source, name }) => ({ source, candidates: underscoredNames(name, toDatabaseName) }));
  const depth = existing.size + sources.length;
  for (const { source, candidates } of blocked) {
    for (const name of candidates(depth)) if (existing.has(name)) claim(source, name);
  }
  for (const { source, candidates } of blocked) {
    for (const name of candidates(depth + 2)) if (!stands.has(foldCase(name))) claim(source, name);
  }
  return result;
}

/** A name with ever more underscores before it. */
function underscoredNames(name: string, legal: NamingRules["toDatabaseName"]) {
  return function* (count: number): Generator<string> {
    let candidate = name;
    for (let depth = 0; depth < count; depth += 1) yield (candidate = legal(`_${candidate}`));
  };
}
