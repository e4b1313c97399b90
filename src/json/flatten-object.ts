import { members } from "./text-scanner.ts";
import { parsePythonJson } from "./python-json.ts";

/** A value in a line: the names that lead to it, and its JSON text. */
interface Leaf {
  readonly path: readonly string[];
  readonly slice: string;
}

/** Objects nested deeper than this stay whole; names that long are of no use. */
const maxDepth = 32;

/** Whether an object stays whole, by its members. */
type StaysWhole = (members: ReadonlyMap<string, string>) => boolean;

/**
 * The values in a JSON object by name, as JSON text exactly as sent; or a text that says what is
 * wrong with it.
 *
 * Nested objects are flattened: `{"a": {"b": 1}}` becomes `a.b`. Lists, empty objects, those that
 * `staysWhole` names and what is nested more than 32 deep stay whole. If several values would get
 * the same name, the least nested gets it, and the others get more dots, so that none is lost.
 */
export function flattenObject(
  text: string,
  staysWhole: StaysWhole,
): ReadonlyMap<string, string> | string {
  const parsed = parsePythonJson(text);
  if (!parsed) return "expected JSON, got something else";
  const fields = members(parsed.text);
  if (!fields) return "expected a JSON object";
  return nameLeaves([...leavesOf(fields, [], staysWhole)]);
}

function* leavesOf(
  fields: ReadonlyMap<string, string>,
  path: readonly string[],
  staysWhole: StaysWhole,
): Generator<Leaf> {
  for (const [name, slice] of fields) {
    const inner = path.length < maxDepth ? members(slice) : undefined;
    const isLeaf = !inner || inner.size === 0 || staysWhole(inner);
    if (isLeaf) yield { path: [...path, name], slice };
    else yield* leavesOf(inner, [...path, name], staysWhole);
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
