import { members } from "../../../json/text-scanner.ts";
import { parsePythonJson } from "../reader/python-json.ts";

/** A value inside a line of a history: the names that lead to it, and how it is spelled. */
interface Leaf {
  readonly path: readonly string[];
  readonly slice: string;
}

/**
 * The values of a history's line by their names, each as it was spelled. Nested objects are flattened: `{"a": {"b": 1}}` is `a.b`; media
 * (objects with a `_type`), lists and empty objects stay whole. Of several values that would get one name, the least nested has it;
 * the others get more dots, so that none is lost. Or what was wrong with the line.
 */
export function flattenLine(line: string): ReadonlyMap<string, string> | string {
  const parsed = parsePythonJson(line);
  if (!parsed) return "expected JSON, got something else";
  const found = members(parsed.text);
  if (!found) return "expected a JSON object";
  const leaves: Leaf[] = [];
  collectLeaves(found, [], leaves);
  return nameLeaves(leaves);
}

function collectLeaves(
  found: ReadonlyMap<string, string>,
  path: readonly string[],
  into: Leaf[],
): void {
  for (const [name, slice] of found) {
    const inner = members(slice);
    const isLeaf = !inner || inner.size === 0 || inner.has("_type");
    if (isLeaf) into.push({ path: [...path, name], slice });
    else collectLeaves(inner, [...path, name], into);
  }
}

function nameLeaves(leaves: readonly Leaf[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const late: Leaf[] = [];
  const flat = leaves.filter(({ path }) => path.length === 1);
  const nested = leaves.filter(({ path }) => path.length > 1).sort(compareLeaves);
  for (const leaf of [...flat, ...nested]) {
    const name = leaf.path.join(".");
    if (values.has(name)) late.push(leaf);
    else values.set(name, leaf.slice);
  }
  for (const { path, slice } of late) values.set(unusedName(path, values), slice);
  return values;
}

function compareLeaves(a: Leaf, b: Leaf): number {
  if (a.path.length !== b.path.length) return a.path.length - b.path.length;
  return JSON.stringify(a.path) < JSON.stringify(b.path) ? -1 : 1;
}

function unusedName(path: readonly string[], taken: ReadonlyMap<string, string>): string {
  let dots = "..";
  while (taken.has(path.join(dots))) dots += ".";
  return path.join(dots);
}
