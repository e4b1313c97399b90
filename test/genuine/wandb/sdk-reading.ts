import { z } from "zod";
import { parseExact } from "../exact-json.ts";
import { timeCell, type Reading } from "./reading.ts";

const lineShape = z.object({
  project: z.string(),
  run: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
  row: z.record(z.string(), z.unknown()).optional(),
});

interface SdkReading extends Reading {
  readonly runs: number;
  /** The rows of all histories. */
  readonly lines: number;
}

/** The runs and histories in the lines that `read-runs.py` prints. */
export function sdkReading(printed: readonly string[]): SdkReading {
  const values = new Map<string, unknown>();
  const cells = new Map<string, unknown>();
  let [runs, lines] = [0, 0];
  for (const line of printed) {
    const { project, run, fields, row } = lineShape.parse(parseExact(line));
    const id = `${project}/${run}`;
    if (fields) {
      runs += 1;
      for (const [name, value] of Object.entries(fields)) {
        const isInstant = name.endsWith("_at") && typeof value === "string";
        values.set(`${id}/${name}`, isInstant ? Date.parse(value) : value);
      }
    }
    if (!row) continue;
    lines += 1;
    const step = String(row["_step"]).replace("number ", "");
    for (const [name, value] of flatten(row)) {
      if (name === "_step") continue;
      cells.set(`${id}/${step}/${name}`, name === timeCell ? toMicros(value) : value);
    }
  }
  return { fields: values, cells, runs, lines };
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
