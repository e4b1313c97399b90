import { z } from "zod";
import { parseExact } from "./exact-json.ts";
import { timeCell, type Reading } from "./reading.ts";

const lineShape = z.object({
  project: z.string(),
  run: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
  row: z.record(z.string(), z.unknown()).optional(),
});

/** The runs and histories in the lines that `read-runs.py` prints. */
export function sdkReading(printed: readonly string[]): Reading & { readonly lines: number } {
  const runs: [string, Readonly<Record<string, unknown>>][] = [];
  const cells: [string, unknown][] = [];
  let lines = 0;
  for (const line of printed) {
    const { project, run, fields, row } = lineShape.parse(parseExact(line));
    const id = `${project}/${run}`;
    if (fields) runs.push([id, { ...fields, ...each(fields, instants, parseInstant) }]);
    if (!row) continue;
    lines += 1;
    const step = String(row["_step"]).replace("number ", "");
    for (const [name, value] of flatten(row)) {
      if (name === "_step") continue;
      cells.push([`${id}/${step}/${name}`, name === timeCell ? toMicros(value) : value]);
    }
  }
  return { runs: new Map(runs), cells: new Map(cells), lines };
}

const instants = ["created_at", "heartbeat_at"];

function each(
  fields: Readonly<Record<string, unknown>>,
  names: readonly string[],
  read: (value: unknown) => unknown,
) {
  return Object.fromEntries(names.map((name) => [name, read(fields[name])]));
}

function parseInstant(value: unknown): number | null {
  return typeof value === "string" ? Date.parse(value) : null;
}

/** Databases keep times to the microsecond. */
function toMicros(seconds: unknown): number {
  return Math.round(Number(String(seconds).replace("number ", "")) * 1e6);
}

/**
 * The metrics of a row: nested objects are flattened to dotted names, except media, lists and
 * empty objects. A name that is taken is written with two dots.
 */
function flatten(row: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  const leaves = leavesOf(row, []).sort((a, b) => a.path.length - b.path.length);
  const values = new Map<string, unknown>();
  for (const { path, value } of leaves) {
    const name = path.join(".");
    values.set(values.has(name) ? path.join("..") : name, value);
  }
  return values;
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

function leavesOf(members: Readonly<Record<string, unknown>>, path: readonly string[]): Leaf[] {
  return Object.entries(members).flatMap(([name, value]): Leaf[] => {
    const inner = z.record(z.string(), z.unknown()).safeParse(value).data;
    const isLeaf = !inner || Object.keys(inner).length === 0 || "_type" in inner;
    return isLeaf ? [{ path: [...path, name], value }] : leavesOf(inner, [...path, name]);
  });
}
