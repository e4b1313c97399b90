import { members } from "./text-scanner.ts";
import { parsePythonJson } from "./python-json.ts";

/** A value in a line: the names that lead to it, and its JSON text. */
interface Leaf {
  readonly path: readonly string[];
  readonly slice: string;
}

/** Objects nested deeper than this stay whole; names that long are of no use. */
const maxDepth = 32;

/**
 * The values of a history line by name, as JSON text exactly as sent; or a text that says what is
 * wrong with the line.
 *
 * Nested objects are flattened: `{"a": {"b": 1}}` becomes `a.b`. Media (objects with a `_type`),
 * lists, empty objects and what is nested more than 32 deep stay whole. If several values would get
 * the same name, the least nested gets it, and the others get more dots, so that none is lost.
 */
export function flattenLine(line: string): ReadonlyMap<string, string> | string {
  const parsed = parsePythonJson(line);
  if (!parsed) return "expected JSON, got something else";
  const fields = members(parsed.text);
  if (!fields) return "expected a JSON object";
  const leaves: Leaf[] = [];
  collectLeaves(fields, [], leaves);
  return nameLeaves(leaves);
}

function collectLeaves(
  fields: ReadonlyMap<string, string>,
  path: readonly string[],
  into: Leaf[],
): void {
  for (const [name, slice] of fields) {
    const inner = path.length < maxDepth ? members(slice) : undefined;
    const isLeaf = !inner || inner.size === 0 || inner.has("_type");
    if (isLeaf) into.push({ path: [...path, name], slice });
    else collectLeaves(inner, [...path, name], into);
  }
}

function nameLeaves(leaves: readonly Leaf[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const duplicates: Leaf[] = [];
  const flat = leaves.filter(({ path }) => path.length === 1);
  const nested = leaves.filter(({ path }) => path.length > 1).sort(compareLeaves);
  for (const leaf of [...flat, ...nested]) {
    const name = leaf.path.join(".");
    if (values.has(name)) duplicates.push(leaf);
    else values.set(name, leaf.slice);
  }
  for (const { path, slice } of duplicates) values.set(unusedName(path, values), slice);
  return values;
}

function compareLeaves(a: Leaf, b: Leaf): number {
  if (a.path.length !== b.path.length) return a.path.length - b.path.length;
  return JSON.stringify(a.path) < JSON.stringify(b.path) ? -1 : 1;
}

function unusedName(path: readonly string[], values: ReadonlyMap<string, string>): string {
  let dots = "..";
  while (values.has(path.join(dots))) dots += ".";
  return path.join(dots);
}
