import { isDocument } from "./document.ts";
import type { Document, Value } from "./document.ts";

/**
 * Applies a MongoDB projection: keeps the members with 1, or all but those with 0. `_id` stays
 * unless it is 0. Dots reach nested members.
 */
export function applyProjection(document: Document, projection: Document): Document {
  const { _id, ...named } = projection;
  const paths = Object.keys(named);
  const included = paths.filter((path) => Boolean(named[path]));
  if (paths.length > 0 && included.length === 0) {
    return omitPaths(document, isOff(_id) ? [...paths, "_id"] : paths);
  }
  if (paths.length === 0 && !isOn(_id)) return isOff(_id) ? omitPaths(document, ["_id"]) : document;
  return pickPaths(document, isOff(_id) ? included : ["_id", ...included]);
}

function isOff(value: Value | undefined): boolean {
  return value !== undefined && !value;
}

function isOn(value: Value | undefined): boolean {
  return Boolean(value);
}

/** Keeps the order of the document's members, as MongoDB does. */
function pickPaths(document: Document, paths: readonly string[]): Document {
  const entries = Object.entries(document).flatMap(([name, value]) => {
    if (paths.includes(name)) return [[name, value] as const];
    const inner = nestedPaths(name, paths);
    if (inner.length === 0 || !isDocument(value)) return [];
    return [[name, pickPaths(value, inner)] as const];
  });
  return Object.fromEntries(entries);
}

function omitPaths(document: Document, paths: readonly string[]): Document {
  const entries = Object.entries(document).flatMap(([name, value]) => {
    if (paths.includes(name)) return [];
    const inner = nestedPaths(name, paths);
    const left = inner.length > 0 && isDocument(value) ? omitPaths(value, inner) : value;
    return [[name, left] as const];
  });
  return Object.fromEntries(entries);
}

function nestedPaths(name: string, paths: readonly string[]): string[] {
  return paths
    .filter((path) => path.startsWith(`${name}.`))
    .map((path) => path.slice(name.length + 1));
}
